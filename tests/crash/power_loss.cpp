// What is left on the simulated disk when the power goes: what was synced, and of the rest what the dice say.
#include <algorithm>

#include "simulated_disk.hpp"

namespace weir::storage::crash {
namespace {

constexpr std::size_t sector_bytes = 512;
constexpr std::size_t page_bytes = 4096;

}  // namespace

Image SimulatedDisk::take_survivors(Random& random) const {
  const std::uint64_t mood = random() % 6;
  const bool nothing = mood == 0, everything = mood == 1;
  Image image{{}, directories_};
  for (const auto& [path, file] : surviving_entries(random, nothing, everything)) {
    std::string bytes = everything ? file->bytes : nothing && !file->before ? file->bytes.substr(0, file->synced) : "";
    if (nothing && file->before) bytes = *file->before;
    if (!nothing && !everything) bytes = surviving_bytes(*file, random);
    image.files.emplace(path, std::move(bytes));
  }
  return image;
}

SimulatedDisk::Entries SimulatedDisk::surviving_entries(Random& random, bool nothing, bool everything) const {
  Entries entries = synced_entries_;
  if (nothing) return entries;
  // A journal keeps them in order and loses the newest; without one each is on its own.
  const bool in_order = random() % 2 == 0;
  const std::size_t kept = everything ? changes_.size() : random() % (changes_.size() + 1);
  for (std::size_t i = 0; i < changes_.size(); ++i)
    if (everything || (in_order ? i < kept : random() % 2 == 0)) apply(entries, changes_[i]);
  return entries;
}

std::string SimulatedDisk::surviving_bytes(const StoredFile& file, Random& random) const {
  if (file.before) return random() % 2 == 0 ? *file.before : file.bytes.substr(0, random() % (file.bytes.size() + 1));
  const std::size_t unsynced = file.bytes.size() - file.synced;
  if (unsynced == 0) return file.bytes;
  const std::size_t cut = file.synced + random() % (unsynced + 1);
  switch (random() % (tearing_ == Tearing::out_of_order ? 7 : 5)) {
    case 0: return file.bytes.substr(0, file.synced);
    case 1: return file.bytes;
    case 2: return file.bytes.substr(0, cut);
    case 3: return file.bytes.substr(0, std::max(file.synced, cut / sector_bytes * sector_bytes));
    case 4: return file.bytes.substr(0, std::max(file.synced, cut / page_bytes * page_bytes));
    default: break;
  }
  // The size arrived, but not every sector.
  const std::size_t unit = random() % 2 == 0 ? sector_bytes : page_bytes;
  std::string bytes = file.bytes;
  for (std::size_t begin = file.synced; begin < bytes.size(); begin = (begin / unit + 1) * unit) {
    const std::size_t end = std::min(bytes.size(), (begin / unit + 1) * unit);
    if (random() % 2 == 0)
      std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(begin), bytes.begin() + static_cast<std::ptrdiff_t>(end),
                '\0');
  }
  return bytes;
}

}  // namespace weir::storage::crash
