#include "weir/vocabulary/digest.hpp"

#include <openssl/evp.h>

#include <cstdlib>

namespace weir {
namespace {

void put_big_endian(std::string& out, std::uint64_t value, int byte_count) {
  for (int shift = (byte_count - 1) * 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value >> shift & 0xFF));
}

/// Only a broken OpenSSL installation gets here.
void require(bool done) {
  if (!done) std::abort();
}

void begin(EVP_MD_CTX* state, const EVP_MD* algorithm) { require(EVP_DigestInit_ex2(state, algorithm, nullptr) == 1); }
void add(EVP_MD_CTX* state, std::string_view bytes) {
  require(EVP_DigestUpdate(state, bytes.data(), bytes.size()) == 1);
}
Digest end(EVP_MD_CTX* state) {
  Digest digest;
  require(EVP_DigestFinal_ex(state, reinterpret_cast<unsigned char*>(digest.bytes.data()), nullptr) == 1);
  return digest;
}

}  // namespace

Digest sha256(std::string_view bytes) {
  // One context a thread: fetching the algorithm anew costs more than hashing a keystroke.
  struct Context {
    EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EVP_MD_CTX* state = EVP_MD_CTX_new();
    Context() = default;
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context() {
      EVP_MD_CTX_free(state);
      EVP_MD_free(algorithm);
    }
  };
  thread_local Context context;
  begin(context.state, context.algorithm);
  add(context.state, bytes);
  return end(context.state);
}

void Sha256::Free::operator()(evp_md_ctx_st* state) const { EVP_MD_CTX_free(state); }
Sha256::Sha256() : state_(EVP_MD_CTX_new()) { begin(state_.get(), EVP_sha256()); }
void Sha256::add(std::string_view bytes) { weir::add(state_.get(), bytes); }
Digest Sha256::finish() { return end(state_.get()); }

Digest chain_start(const DocumentPath& path) {
  std::string input = "weir1";
  for (const std::string* name : {&path.space.text(), &path.document.text()}) {
    put_big_endian(input, name->size(), 2);
    input += *name;
  }
  return sha256(input);
}

Digest chain_next(const Digest& previous, const ProducerId& producer, Sequence sequence, Codec codec,
                  std::string_view payload) {
  return chain_next(previous, producer, sequence, codec, sha256(payload));
}

Digest chain_next(const Digest& previous, const ProducerId& producer, Sequence sequence, Codec codec,
                  const Digest& payload) {
  std::string input;
  input.reserve(92);
  input += previous.view();
  input += producer.view();
  put_big_endian(input, sequence.value, 8);
  put_big_endian(input, codec.value, 4);
  input += payload.view();
  return sha256(input);
}

Epoch derive_epoch(const StoreIncarnation& store, std::uint64_t incarnation) {
  std::string input = "weir-epoch";
  input.append(reinterpret_cast<const char*>(store.bytes.data()), store.bytes.size());
  put_big_endian(input, incarnation, 8);
  const Digest digest = sha256(input);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<std::uint64_t>(digest.bytes[i]);
  return {value == 0 ? 1 : value};  // 0 is kept for "no epoch"
}

Result<Digest> Digest::parse(std::string_view raw) {
  Digest digest;
  if (raw.size() != digest.bytes.size())
    return fail(Code::invalid_argument, "digest has " + std::to_string(raw.size()) + " bytes; SHA-256 has 32");
  std::memcpy(digest.bytes.data(), raw.data(), raw.size());
  return digest;
}

std::string Digest::hex() const { return to_hex(view()); }

std::string to_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  return text;
}

std::string to_hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    text.push_back(digits[static_cast<unsigned char>(byte) >> 4]);
    text.push_back(digits[static_cast<unsigned char>(byte) & 15]);
  }
  return text;
}

}  // namespace weir
