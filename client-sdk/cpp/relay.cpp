#include "weir/client/relay.hpp"

#include "weir/client/grpc_channel.hpp"
#include "weir/client/internal/relay_parts.hpp"
#include "weir/client/relay_messages.hpp"

namespace weir::client {

namespace {

template <class Response>
std::optional<std::string> next_after(const Response& response) {
  if (response.next_after().empty()) return std::nullopt;
  return response.next_after();
}

}  // namespace

Relay::Relay(RelayOptions options) : parts_(std::make_unique<Parts>()) {
  parts_->channel = make_channel(options.grpc, options.grpc.address);
  parts_->stub = v1::Relay::NewStub(parts_->channel);
  parts_->options = std::move(options);
}

Relay::~Relay() = default;

Result<Listing<SpaceInfo>> Relay::spaces(const std::string& after, std::size_t count) const {
  v1::ListSpacesRequest request;
  request.set_after(after);
  request.set_page_size(static_cast<std::uint32_t>(count));
  const auto response = parts_->ask(&v1::Relay::Stub::ListSpaces, request);
  if (!response) return response.error();
  Listing<SpaceInfo> listing{{}, next_after(*response)};
  for (const v1::SpaceInfo& message : response->spaces()) {
    auto space = from_message(message);
    if (!space) return space.error();
    listing.entries.push_back(std::move(*space));
  }
  return listing;
}

Result<Listing<DocumentInfo>> Relay::documents(const SpaceName& space, const std::string& after,
                                               std::size_t count) const {
  v1::ListDocumentsRequest request;
  request.set_space(space.text());
  request.set_after(after);
  request.set_page_size(static_cast<std::uint32_t>(count));
  const auto response = parts_->ask(&v1::Relay::Stub::ListDocuments, request);
  if (!response) return response.error();
  Listing<DocumentInfo> listing{{}, next_after(*response)};
  for (const v1::DocumentInfo& message : response->documents()) {
    auto document = from_message(message);
    if (!document) return document.error();
    listing.entries.push_back(std::move(*document));
  }
  return listing;
}

Result<DocumentInfo> Relay::document(const DocumentPath& path) const {
  const auto response = parts_->ask(&v1::Relay::Stub::GetDocument, about<v1::GetDocumentRequest>(path));
  if (!response) return response.error();
  return from_message(response->document());
}

Result<StoreIncarnation> Relay::store() const {
  v1::ListSpacesRequest request;
  request.set_page_size(1);
  const auto response = parts_->ask(&v1::Relay::Stub::ListSpaces, request);
  if (!response) return response.error();
  return store_from(response->store());
}

Result<std::optional<Cursor>> Relay::read(const DocumentPath& path, const ReadFrom& from,
                                          const std::function<bool(const Record&)>& on_record, std::stop_token stop,
                                          const std::function<void(const Cursor&)>& on_cut) const {
  auto request = about<v1::ReadRequest>(path);
  request.set_as_of_offset(from.as_of.offset.value);
  request.set_as_of_time(from.as_of.time.value);
  if (from.epoch.value != 0) {
    request.mutable_cursor()->set_epoch(from.epoch.value);
    request.mutable_cursor()->set_offset(from.offset.value);
  }
  std::optional<Cursor> end;
  const auto take = [&](const v1::ReadResponse& response) -> Result<bool> {
    if (response.has_cut()) {
      const auto cut = from_message(response.cut());
      if (!cut) return cut.error();
      if (on_cut) on_cut(*cut);
    }
    for (const v1::Record& message : response.records()) {
      const auto record = from_message(message);
      if (!record) return record.error();
      if (!on_record(*record)) return false;
    }
    if (!response.has_cursor()) return true;
    const auto cursor = from_message(response.cursor());
    if (!cursor) return cursor.error();
    end = *cursor;
    return true;
  };
  if (auto done = parts_->stream(&v1::Relay::Stub::Read, request, take, stop); !done) return done.error();
  return end;
}

Result<void> Relay::feed(const SpaceName& space, const FeedOptions& options,
                         const std::function<bool(const FeedStretch&)>& on_stretch, std::stop_token stop) const {
  v1::FeedRequest request;
  request.set_space(space.text());
  request.set_follow(options.follow);
  if (options.after) {
    request.mutable_cursor()->set_store(options.after->store.bytes.data(), options.after->store.bytes.size());
    request.mutable_cursor()->set_offset(options.after->offset.value);
  }
  const auto take = [&](const v1::FeedResponse& response) -> Result<bool> {
    const auto stretch = from_message(response);
    if (!stretch) return stretch.error();
    return on_stretch(*stretch);
  };
  return parts_->stream(&v1::Relay::Stub::Feed, request, take, stop);
}

Result<Offset> Relay::append(const DocumentPath& path, const RelayAppend& how, std::span<const Delta> deltas) const {
  auto request = about<v1::AppendRequest>(path);
  request.set_producer(std::string(how.producer.view()));
  request.set_first_sequence(how.first_sequence.value);
  request.set_epoch(how.epoch.value_or(Epoch{}).value);
  for (const Delta& delta : deltas) {
    v1::Delta& message = *request.add_deltas();
    message.set_codec(static_cast<std::uint32_t>(delta.codec.value));
    message.set_payload(delta.payload.view().data(), delta.payload.size());
  }
  const auto response = parts_->ask(&v1::Relay::Stub::Append, request);
  if (!response) return response.error();
  return Offset{response->offset()};
}

Result<Offset> Relay::remove(const DocumentPath& path) const {
  const auto response = parts_->ask(&v1::Relay::Stub::DeleteDocument, about<v1::DeleteDocumentRequest>(path));
  if (!response) return response.error();
  return Offset{response->offset()};
}

Result<Epoch> Relay::recreate(const DocumentPath& path) const {
  const auto response = parts_->ask(&v1::Relay::Stub::RecreateDocument, about<v1::RecreateDocumentRequest>(path));
  if (!response) return response.error();
  return Epoch{response->epoch()};
}

}  // namespace weir::client
