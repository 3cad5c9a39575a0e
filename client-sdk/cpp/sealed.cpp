#include "weir/client/sealed.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "weir/client/internal/bytes_codec.hpp"
#include "weir/vocabulary/assert.hpp"

namespace weir::client {
namespace {

constexpr std::string_view label = "weir sealed 1";
constexpr char version = 1;
/// Of producers whose records are read; more than that, and keys are derived again.
constexpr std::size_t aes_keys_max = 4096;

/// Only a broken OpenSSL installation gets here.
void require(bool done) { WEIR_ASSERT(done); }

unsigned char* bytes(char* text) { return reinterpret_cast<unsigned char*>(text); }
const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
int count(std::string_view text) { return static_cast<int>(text.size()); }

std::string_view view(const std::array<std::byte, 16>& raw) {
  return {reinterpret_cast<const char*>(raw.data()), raw.size()};
}

template <std::size_t count>
void hkdf(const std::array<std::byte, 32>& secret, std::string info, std::array<unsigned char, count>& out) {
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  EVP_KDF_CTX* state = EVP_KDF_CTX_new(kdf);
  std::array<std::byte, 32> key = secret;
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end(),
  };
  require(EVP_KDF_derive(state, out.data(), out.size(), parameters) == 1);
  EVP_KDF_CTX_free(state);
  EVP_KDF_free(kdf);
}

}  // namespace

SealedPlace SealedPlace::record(const ProducerId& producer, Sequence sequence) {
  SealedPlace place{SealKind::record, producer.bytes, std::string(producer.view())};
  put_big_endian(place.bytes, sequence.value, 8);
  return place;
}

SealedPlace SealedPlace::snapshot(Offset offset, const Digest& chain, Offset base) {
  SealedPlace place{SealKind::snapshot};
  put_big_endian(place.bytes, offset.value, 8);
  place.bytes += chain.view();
  put_big_endian(place.bytes, base.value, 8);
  return place;
}

std::uint64_t secure_random() {
  std::uint64_t bits = 0;
  require(RAND_bytes(reinterpret_cast<unsigned char*>(&bits), sizeof bits) == 1);
  return bits;
}

std::optional<std::uint32_t> sealed_key_id(std::string_view sealed) {
  if (sealed.size() < sealed_head_bytes + sealed_tag_bytes || sealed[0] != version) return std::nullopt;
  return static_cast<std::uint32_t>(get_big_endian(sealed.substr(1, 4)));
}

void Sealing::Free::operator()(evp_cipher_ctx_st* state) const { EVP_CIPHER_CTX_free(state); }

Sealing::Sealing(const DocumentPath& path) : cipher_(EVP_CIPHER_CTX_new()) {
  for (const std::string* name : {&path.space.text(), &path.document.text()}) {
    put_big_endian(path_, name->size(), 2);
    path_ += *name;
  }
}

std::string Sealing::seal(const DocumentKey& key, const SealedPlace& place, const Nonce& nonce,
                          std::string_view contents) {
  std::string sealed(1, version);
  put_big_endian(sealed, key.id, 4);
  sealed.append(reinterpret_cast<const char*>(nonce.data()), nonce.size());
  const std::string associated = bound_to(sealed, place);
  sealed.resize(sealed_head_bytes + contents.size() + sealed_tag_bytes);
  char* const out = sealed.data() + sealed_head_bytes;
  EVP_CIPHER_CTX* const state = cipher_.get();
  int done = 0;
  require(EVP_EncryptInit_ex(state, EVP_aes_256_gcm(), nullptr, aes_key(key, place).data(),
                             bytes(std::string_view(sealed).substr(5))) == 1);
  require(EVP_EncryptUpdate(state, nullptr, &done, bytes(associated), count(associated)) == 1);
  if (!contents.empty()) require(EVP_EncryptUpdate(state, bytes(out), &done, bytes(contents), count(contents)) == 1);
  require(EVP_EncryptFinal_ex(state, bytes(out + contents.size()), &done) == 1);
  require(EVP_CIPHER_CTX_ctrl(state, EVP_CTRL_AEAD_GET_TAG, sealed_tag_bytes, out + contents.size()) == 1);
  return sealed;
}

std::optional<std::string> Sealing::open(const DocumentKey& key, const SealedPlace& place, std::string_view sealed) {
  if (!sealed_key_id(sealed)) return std::nullopt;
  const std::string associated = bound_to(sealed.substr(0, sealed_head_bytes), place);
  const std::string_view rest = sealed.substr(sealed_head_bytes);
  const std::string_view ciphertext = rest.substr(0, rest.size() - sealed_tag_bytes);
  std::string tag(rest.substr(ciphertext.size()));
  std::string contents(ciphertext.size(), '\0');
  EVP_CIPHER_CTX* const state = cipher_.get();
  int done = 0;
  require(EVP_DecryptInit_ex(state, EVP_aes_256_gcm(), nullptr, aes_key(key, place).data(), bytes(sealed.substr(5))) ==
          1);
  require(EVP_DecryptUpdate(state, nullptr, &done, bytes(associated), count(associated)) == 1);
  if (!ciphertext.empty())
    require(EVP_DecryptUpdate(state, bytes(contents.data()), &done, bytes(ciphertext), count(ciphertext)) == 1);
  require(EVP_CIPHER_CTX_ctrl(state, EVP_CTRL_AEAD_SET_TAG, sealed_tag_bytes, tag.data()) == 1);
  if (EVP_DecryptFinal_ex(state, bytes(contents.data() + contents.size()), &done) != 1) return std::nullopt;
  return contents;
}

const Sealing::AesKey& Sealing::aes_key(const DocumentKey& key, const SealedPlace& place) {
  if (aes_keys_.size() >= aes_keys_max) aes_keys_.clear();
  const auto [entry, added] = aes_keys_.try_emplace({key, place.kind, place.scope});
  if (added) {
    std::string info(label);
    info.push_back(static_cast<char>(place.kind));
    info += view(place.scope);
    hkdf(key.bytes, std::move(info), entry->second);
  }
  return entry->second;
}

std::string Sealing::bound_to(std::string_view head, const SealedPlace& place) const {
  std::string associated(label);
  associated.push_back(static_cast<char>(place.kind));
  associated += head;
  associated += path_;
  associated += place.bytes;
  return associated;
}

}  // namespace weir::client
