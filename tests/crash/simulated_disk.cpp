#include "simulated_disk.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace weir::storage::crash {
namespace {

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

const char* name(Operation operation) {
  static constexpr std::array names = {"create",   "open",   "read", "append", "sync",           "range sync",
                                       "truncate", "rename", "link", "remove", "make directory", "sync directory"};
  return names.at(static_cast<std::size_t>(operation));
}

SimulatedDisk::SimulatedDisk(Image image, Tearing tearing)
    : tearing_(tearing), directories_(std::move(image.directories)) {
  for (auto& [path, bytes] : image.files) {
    const std::size_t size = bytes.size();
    entries_.emplace(path, std::make_shared<StoredFile>(StoredFile{path, std::move(bytes), size, std::nullopt}));
  }
  synced_entries_ = entries_;
}

void SimulatedDisk::crash_at(std::uint64_t operation, std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  crash_at_ = operation;
  crash_seed_ = seed;
}

bool SimulatedDisk::crashed() const {
  const std::lock_guard lock(mutex_);
  return survivors_.has_value();
}

Image SimulatedDisk::survivors(std::uint64_t seed) const {
  const std::lock_guard lock(mutex_);
  if (survivors_) return *survivors_;
  Random random(seed);
  return take_survivors(random);
}

Image SimulatedDisk::contents() const {
  const std::lock_guard lock(mutex_);
  Image image{{}, directories_};
  for (const auto& [path, file] : entries_) image.files.emplace(path, file->bytes);
  return image;
}

void SimulatedDisk::inject(FaultPlan plan) {
  const std::lock_guard lock(mutex_);
  plan_ = std::move(plan);
  matched_ = injected_ = 0;
}

void SimulatedDisk::heal() {
  const std::lock_guard lock(mutex_);
  plan_.reset();
}

std::uint64_t SimulatedDisk::injected() const {
  const std::lock_guard lock(mutex_);
  return injected_;
}

void SimulatedDisk::set_room(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  room_ = bytes;
}

std::uint64_t SimulatedDisk::room() const {
  const std::lock_guard lock(mutex_);
  return room_;
}

std::uint64_t SimulatedDisk::operations() const {
  const std::lock_guard lock(mutex_);
  return history_.size();
}

std::string SimulatedDisk::told(std::uint64_t operation) const {
  const std::lock_guard lock(mutex_);
  if (operation == 0 || operation > history_.size()) return "no operation";
  const auto& [what, file] = history_[operation - 1];
  return std::string(name(what)) + " " + file.substr(file.rfind('/') + 1);
}

SimulatedDisk::Verdict SimulatedDisk::begin(Operation operation, const std::string& file) {
  history_.emplace_back(operation, file);
  Verdict verdict;
  verdict.crash = history_.size() == crash_at_;
  if (!plan_ || (plan_->matches && !plan_->matches(operation, file))) return verdict;
  ++matched_;
  if (matched_ < plan_->from || matched_ - plan_->from >= plan_->count) return verdict;
  ++injected_;
  verdict.fault = plan_->fault;
  return verdict;
}

void SimulatedDisk::end(const Verdict& verdict) {
  if (!verdict.crash) return;
  Random random(crash_seed_);
  survivors_ = take_survivors(random);
}

Outcome SimulatedDisk::outcome_of(Fault fault) {
  switch (fault) {
    case Fault::io_error:
    case Fault::short_write: return Outcome::io_error;
    case Fault::no_space: return Outcome::no_space;
    case Fault::flipped_bit: return Outcome::ok;
  }
  return Outcome::io_error;
}

Outcome SimulatedDisk::create(const std::string& path, bool keep_bytes, FileHandle* file) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = begin(Operation::create, path);
  Outcome outcome = verdict.fault ? outcome_of(*verdict.fault) : Outcome::ok;
  if (outcome == Outcome::ok) {
    const auto found = entries_.find(path);
    if (found == entries_.end()) {
      *file = std::make_shared<StoredFile>(StoredFile{path, {}, 0, std::nullopt});
      change_names(path, {}, *file);
    } else {
      *file = found->second;
      if (!keep_bytes) {
        if (!(*file)->before) (*file)->before = (*file)->bytes.substr(0, (*file)->synced);
        (*file)->bytes.clear();
        (*file)->synced = 0;
      }
    }
  }
  end(verdict);
  return outcome;
}

Outcome SimulatedDisk::open(const std::string& path, FileHandle* file) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = begin(Operation::open, path);
  end(verdict);
  if (verdict.fault && outcome_of(*verdict.fault) != Outcome::ok) return outcome_of(*verdict.fault);
  const auto found = entries_.find(path);
  if (found == entries_.end()) return Outcome::not_found;
  *file = found->second;
  return Outcome::ok;
}

Outcome SimulatedDisk::read(StoredFile& file, std::uint64_t offset, std::size_t size, char* into, std::size_t* got) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = begin(Operation::read, file.name);
  end(verdict);
  *got = 0;
  if (verdict.fault && outcome_of(*verdict.fault) != Outcome::ok) return outcome_of(*verdict.fault);
  if (offset >= file.bytes.size()) return Outcome::ok;
  *got = std::min(size, file.bytes.size() - static_cast<std::size_t>(offset));
  std::memcpy(into, file.bytes.data() + offset, *got);
  if (verdict.fault) {
    Random random(history_.size());
    const std::size_t bit = random() % (*got * 8);
    into[bit / 8] = static_cast<char>(into[bit / 8] ^ (1 << (bit % 8)));
  }
  return Outcome::ok;
}

Outcome SimulatedDisk::append(StoredFile& file, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = begin(Operation::append, file.name);
  Outcome outcome = verdict.fault ? outcome_of(*verdict.fault) : Outcome::ok;
  std::size_t written = outcome == Outcome::ok ? bytes.size() : 0;
  if (verdict.fault == Fault::short_write) written = bytes.size() / 2;
  if (written > room_) {
    written = static_cast<std::size_t>(room_);
    outcome = Outcome::no_space;
  }
  if (room_ != ~std::uint64_t{0}) room_ -= written;
  file.bytes.append(bytes.substr(0, written));
  end(verdict);
  return outcome;
}

Outcome SimulatedDisk::sync(StoredFile& file) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = begin(Operation::sync, file.name);
  end(verdict);  // before anything is safe
  if (verdict.fault && outcome_of(*verdict.fault) != Outcome::ok) return outcome_of(*verdict.fault);
  file.synced = file.bytes.size();
  file.before.reset();
  // Its name as well, as every file system in use does it: RocksDB relies on that between a manifest and CURRENT. What
  // happened to that name before is then history.
  const auto creation = std::find_if(changes_.begin(), changes_.end(), [&](const NameChange& change) {
    return change.file.get() == &file && change.removed.empty();
  });
  if (creation == changes_.end()) return Outcome::ok;
  const std::string path = creation->added;
  const auto behind = std::remove_if(changes_.begin(), std::next(creation), [&](const NameChange& change) {
    if (change.added != path && change.removed != path) return false;
    apply(synced_entries_, change);
    return true;
  });
  changes_.erase(behind, std::next(creation));
  return Outcome::ok;
}

Outcome SimulatedDisk::range_sync(StoredFile& file) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = begin(Operation::range_sync, file.name);
  end(verdict);
  // It only asks the system to begin with the writing: nothing is safe by it.
  return verdict.fault ? outcome_of(*verdict.fault) : Outcome::ok;
}

Outcome SimulatedDisk::truncate(StoredFile& file, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = begin(Operation::truncate, file.name);
  const Outcome outcome = verdict.fault ? outcome_of(*verdict.fault) : Outcome::ok;
  if (outcome == Outcome::ok) {
    if (size < file.synced) {
      if (!file.before) file.before = file.bytes.substr(0, file.synced);
      file.synced = static_cast<std::size_t>(size);
    }
    file.bytes.resize(static_cast<std::size_t>(size));
  }
  end(verdict);
  return outcome;
}

std::uint64_t SimulatedDisk::size(const StoredFile& file) const {
  const std::lock_guard lock(mutex_);
  return file.bytes.size();
}

void SimulatedDisk::change_names(std::string added, std::string removed, const FileHandle& file) {
  const std::string directory = directory_of(added.empty() ? removed : added);
  NameChange change{directory, std::move(added), std::move(removed), file};
  apply(entries_, change);
  changes_.push_back(std::move(change));
}

void SimulatedDisk::apply(Entries& entries, const NameChange& change) {
  if (!change.added.empty()) entries.insert_or_assign(change.added, change.file);
  if (change.removed.empty()) return;
  const auto found = entries.find(change.removed);
  if (found != entries.end() && found->second == change.file) entries.erase(found);
}

Outcome SimulatedDisk::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = begin(Operation::rename, to);
  Outcome outcome = verdict.fault ? outcome_of(*verdict.fault) : Outcome::ok;
  const auto found = entries_.find(from);
  if (outcome == Outcome::ok && found == entries_.end()) outcome = Outcome::not_found;
  if (outcome == Outcome::ok) {
    const FileHandle file = found->second;
    change_names(to, from, file);
  }
  end(verdict);
  return outcome;
}

Outcome SimulatedDisk::link(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = begin(Operation::link, to);
  Outcome outcome = verdict.fault ? outcome_of(*verdict.fault) : Outcome::ok;
  const auto found = entries_.find(from);
  if (outcome == Outcome::ok && found == entries_.end()) outcome = Outcome::not_found;
  if (outcome == Outcome::ok) change_names(to, {}, FileHandle(found->second));
  end(verdict);
  return outcome;
}

Outcome SimulatedDisk::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = begin(Operation::remove, path);
  Outcome outcome = verdict.fault ? outcome_of(*verdict.fault) : Outcome::ok;
  const auto found = entries_.find(path);
  if (outcome == Outcome::ok && found == entries_.end()) outcome = Outcome::not_found;
  if (outcome == Outcome::ok) change_names({}, path, FileHandle(found->second));
  end(verdict);
  return outcome;
}

Outcome SimulatedDisk::make_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = begin(Operation::make_directory, path);
  const Outcome outcome = verdict.fault ? outcome_of(*verdict.fault) : Outcome::ok;
  if (outcome == Outcome::ok) directories_.insert(path);
  end(verdict);
  return outcome;
}

Outcome SimulatedDisk::sync_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const Verdict verdict = begin(Operation::sync_directory, path);
  end(verdict);  // before anything is safe
  if (verdict.fault && outcome_of(*verdict.fault) != Outcome::ok) return outcome_of(*verdict.fault);
  std::erase_if(changes_, [&](const NameChange& change) {
    if (change.directory != path) return false;
    apply(synced_entries_, change);
    return true;
  });
  return Outcome::ok;
}

bool SimulatedDisk::exists(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return entries_.contains(path) || directories_.contains(path);
}

bool SimulatedDisk::is_directory(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return directories_.contains(path);
}

Outcome SimulatedDisk::size_of(const std::string& path, std::uint64_t* size) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(path);
  if (found == entries_.end()) return Outcome::not_found;
  *size = found->second->bytes.size();
  return Outcome::ok;
}

std::vector<std::string> SimulatedDisk::list(const std::string& directory) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [path, file] : entries_)
    if (directory_of(path) == directory) names.push_back(path.substr(directory.size() + 1));
  return names;
}

}  // namespace weir::storage::crash
