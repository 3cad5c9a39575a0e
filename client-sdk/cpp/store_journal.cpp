#include "weir/client/store_journal.hpp"

#include <algorithm>

#include "weir/client/internal/bytes_codec.hpp"

namespace weir::client {
namespace {

constexpr std::string_view magic = "weir client store 1\n";
constexpr std::size_t seed_bytes = 16;
constexpr std::size_t head_bytes = 16;
/// Smaller than this it is not worth writing anew.
constexpr std::size_t rewrite_bytes_min = std::size_t{1} << 20;

std::string check(std::string_view seed, std::string_view bytes, std::size_t size) {
  Sha256 digest;
  digest.add(seed);
  digest.add(bytes);
  return std::string(digest.finish().view().substr(0, size));
}

void put_entry(std::string& out, std::string_view seed, const std::vector<StoreChange>& changes) {
  const std::string payload = encode(changes);
  std::string bytes;
  put_big_endian(bytes, payload.size(), 4);
  out += bytes + check(seed, bytes, 4) + check(seed, payload, 8) + payload;
}

/// The payload of a good entry that begins here.
std::optional<std::string_view> entry_at(std::string_view file, std::size_t at, std::string_view seed) {
  ByteReader in(file.substr(at));
  const auto bytes = in.bytes(4);
  const auto bytes_check = in.bytes(4);
  const auto payload_check = in.bytes(8);
  if (!payload_check || check(seed, *bytes, 4) != *bytes_check) return std::nullopt;
  const auto payload = in.bytes(get_big_endian(*bytes));
  if (!payload || check(seed, *payload, 8) != *payload_check) return std::nullopt;
  return payload;
}

}  // namespace

StoreJournal::StoreJournal(std::unique_ptr<StoreFiles> files, const Random& random) : files_(std::move(files)) {
  for (std::size_t i = 0; i < seed_bytes / 8; ++i) put_big_endian(seed_, random(), 8);
  std::string producer;
  for (int i = 0; i < 2; ++i) put_big_endian(producer, random() | 1, 8);
  contents_.producer = *ProducerId::parse(producer);
}

Result<std::unique_ptr<StoreJournal>> StoreJournal::open(std::unique_ptr<StoreFiles> files, Random random) {
  std::unique_ptr<StoreJournal> journal(new StoreJournal(std::move(files), random));
  Result<std::optional<std::string>> file = journal->files_->read();
  if (!file) return file.error();
  if (*file)
    if (const Result<void> loaded = journal->load(std::move(**file)); !loaded) return loaded.error();
  // Without the past and a torn end; and who cannot write hears of it now.
  if (const Result<void> written = journal->rewrite(); !written) return written.error();
  return journal;
}

Result<void> StoreJournal::load(std::string bytes) {
  if (bytes.size() < magic.size() + seed_bytes || !bytes.starts_with(magic))
    return fail(Code::data_loss, "this is not a store of this client, or one of a newer version");
  const SharedBytes file = SharedBytes::take(std::move(bytes));
  const std::string_view seed = file.view().substr(magic.size(), seed_bytes);
  std::size_t at = magic.size() + seed_bytes;
  for (auto payload = entry_at(file.view(), at, seed); payload; payload = entry_at(file.view(), at, seed)) {
    const auto changes = decode_changes(file.slice(*payload));
    if (!changes) return fail(changes.error().code, "at byte " + std::to_string(at) + ": " + changes.error().message);
    for (const StoreChange& change : *changes) apply(contents_, change);
    at += head_bytes + payload->size();
  }
  for (std::size_t later = at + 1; later + head_bytes <= file.size(); ++later)
    if (entry_at(file.view(), later, seed))
      return fail(Code::data_loss, "the entry at byte " + std::to_string(at) +
                                       " is damaged, and what stands behind it is not; put a copy back, or move the "
                                       "folder away to begin with an empty store (what was not sent is lost then)");
  return {};
}

Result<void> StoreJournal::write(const std::vector<StoreChange>& changes) {
  for (const StoreChange& change : changes) apply(contents_, change);
  const bool mostly_past = bytes_ > rewrite_bytes_min && bytes_ > 4 * rewritten_bytes_;
  if (broken_ || mostly_past) return rewrite();
  if (changes.empty()) return {};
  std::string entry;
  put_entry(entry, seed_, changes);
  Result<void> written = files_->append(entry);
  broken_ = !written;
  bytes_ += entry.size();
  return written;
}

Result<void> StoreJournal::rewrite() {
  std::string file(magic);
  file += seed_;
  for (const std::vector<StoreChange>& changes : changes_to(contents_)) put_entry(file, seed_, changes);
  Result<void> written = files_->replace(file);
  broken_ = !written;
  if (written) bytes_ = rewritten_bytes_ = file.size();
  return written;
}

}  // namespace weir::client
