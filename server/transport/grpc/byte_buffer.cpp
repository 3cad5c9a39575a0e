#include "weir/grpc/byte_buffer.hpp"

#include <grpc/slice.h>
#include <grpcpp/support/slice.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace weir::rpc {

namespace {

/// The slice holds a reference to the bytes until gRPC has sent them.
::grpc::Slice share(const SharedBytes& bytes) {
  auto held = std::make_unique<SharedBytes>(bytes);
  const std::string_view view = held->view();
  const auto release = [](void* owner) { const std::unique_ptr<SharedBytes> freed(static_cast<SharedBytes*>(owner)); };
  // gRPC never writes to a slice's bytes; it has no type that says so.
  return {const_cast<char*>(view.data()), view.size(), release, held.release()};
}

::grpc::Slice copy(std::span<const SharedBytes> pieces, std::size_t bytes) {
  grpc_slice slice = grpc_slice_malloc(bytes);
  std::uint8_t* to = GRPC_SLICE_START_PTR(slice);
  for (const SharedBytes& piece : pieces) {
    std::memcpy(to, piece.view().data(), piece.size());
    to += piece.size();
  }
  return {slice, ::grpc::Slice::STEAL_REF};
}

}  // namespace

::grpc::ByteBuffer gather(std::span<const SharedBytes> pieces) {
  std::vector<::grpc::Slice> slices;
  std::size_t begin = 0;
  std::size_t small_bytes = 0;
  const auto copy_small_ones = [&](std::size_t end) {
    if (small_bytes > 0) slices.push_back(copy(pieces.subspan(begin, end - begin), small_bytes));
    small_bytes = 0;
    begin = end + 1;
  };
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].size() < copied_bytes_max) {
      small_bytes += pieces[i].size();
    } else {
      copy_small_ones(i);
      slices.push_back(share(pieces[i]));
    }
  }
  copy_small_ones(pieces.size());
  return {slices.data(), slices.size()};
}

::grpc::ByteBuffer to_byte_buffer(std::string&& bytes) {
  const SharedBytes shared = SharedBytes::take(std::move(bytes));
  return gather({&shared, 1});
}

Result<SharedBytes> take(::grpc::ByteBuffer& buffer) {
  auto slice = std::make_shared<::grpc::Slice>();
  if (!buffer.TrySingleSlice(slice.get()).ok() && !buffer.DumpToSingleSlice(slice.get()).ok()) {
    return fail(Code::internal, "the message could not be read");
  }
  buffer.Clear();
  const std::string_view view(reinterpret_cast<const char*>(slice->begin()), slice->size());
  return SharedBytes(std::move(slice), view);
}

}  // namespace weir::rpc
