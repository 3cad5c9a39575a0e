#include "weir/archive/format.hpp"

#include <openssl/evp.h>

#include "weir/vocabulary/assert.hpp"

namespace weir::archive {

FileDigest::FileDigest() : context_(EVP_MD_CTX_new()) {
  WEIR_ASSERT(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void FileDigest::add(std::string_view bytes) {
  WEIR_ASSERT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

Digest FileDigest::finish() {
  Digest digest;
  auto* out = reinterpret_cast<unsigned char*>(digest.bytes.data());
  WEIR_ASSERT(EVP_DigestFinal_ex(context_.get(), out, nullptr) == 1);
  return digest;
}

void FileDigest::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

}  // namespace weir::archive
