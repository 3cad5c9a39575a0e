#include "weir/rocksdb/commit.hpp"

namespace weir::storage::rocks {
namespace {

constexpr std::size_t documents_known_max = 8192;
constexpr std::size_t spaces_known_max = 8192;

}  // namespace

Result<WorkingState::Space*> WorkingState::space(const View& view, const SpaceName& name) {
  const auto known = spaces_.find(name);
  if (known != spaces_.end()) return known->second.get();
  const auto row = view.space(name);
  if (!row) return row.error();
  auto space = std::make_unique<Space>();
  space->name = name;
  if (*row) space->row = **row;
  if (const auto burnt = burnt_heads_.find(name); burnt != burnt_heads_.end())
    space->row.head = std::max(space->row.head, burnt->second);
  return spaces_.emplace(name, std::move(space)).first->second.get();
}

Result<WorkingState::Document*> WorkingState::document(const DocumentPath& path) {
  const auto known = documents_.find(path);
  if (known != documents_.end()) return known->second.get();
  const View view(store_);
  const auto in_space = space(view, path.space);
  if (!in_space) return in_space.error();
  auto document = std::make_unique<Document>();
  document->name = path.document.text();
  document->space = *in_space;
  document->row.life = {1};
  if ((*in_space)->row.id != SpaceId{}) {
    const auto row = view.document((*in_space)->row.id, document->name);
    if (!row) return row.error();
    if (*row) document->row = **row;
  }
  document->epoch = view.epoch(document->row.life);
  return documents_.emplace(path, std::move(document)).first->second.get();
}

Result<WorkingState::Mark*> WorkingState::mark(Document& document, const ProducerId& producer) {
  const auto known = document.marks.find(producer);
  if (known != document.marks.end()) return &known->second;
  Mark mark;
  if (document.row.id != DocumentId{}) {
    const auto row = View(store_).mark(document.row, producer);
    if (!row) return row.error();
    if (*row) mark.row = **row;
  }
  return &document.marks.emplace(producer, std::move(mark)).first->second;
}

void WorkingState::committed() {
  // Which ones to keep is not worth finding out: reading a few rows again is cheap.
  if (documents_.size() > documents_known_max || spaces_.size() > spaces_known_max) {
    documents_.clear();
    spaces_.clear();
  }
}

void WorkingState::forget() {
  for (const auto& [name, space] : spaces_)
    if (space->changed) burnt_heads_.insert_or_assign(name, space->row.head);
  documents_.clear();
  spaces_.clear();
}

}  // namespace weir::storage::rocks
