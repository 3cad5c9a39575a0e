#include "sealing.hpp"

#include "weir/packing/compression.hpp"

namespace weir::packing {

std::string content_of(const SharedBytes& pack) {
  Decompressor body(pack.view().substr(inspect(pack.view())->header_bytes));
  std::string content;
  for (;;) {
    const auto byte = body.pull(1);
    if (!byte) return content;
    content += *byte;
  }
}

SharedBytes sealed(const std::string& content, PackHeader header) {
  Compressor compressor;
  compressor.add(content);
  const std::string body = compressor.compress(1);
  header.body_bytes = body.size();
  header.body_checksum = checksum(body);
  return SharedBytes::take(encode(header) + body);
}

}  // namespace weir::packing
