#include "weir/core/snapshot_uploads.hpp"

#include <utility>

namespace weir::core {
namespace {

constexpr std::size_t uploads_max = 4;

}  // namespace

void SnapshotUploads::begin(SnapshotOffered offered) {
  const DocumentHandle document = offered.offer.document;
  if (uploads_.contains(document))
    return host_.refused(document,
                         fail(Code::failed_precondition, "a snapshot of this document is being sent already"));
  if (uploads_.size() >= uploads_max)
    return host_.refused(document,
                         fail(Code::resource_exhausted, "this session is sending " + std::to_string(uploads_max) +
                                                            " snapshots already; offer it when one is stored"));
  Upload& upload = uploads_[document];
  upload.number = ++numbers_;
  upload.size = offered.offer.size;
  host_.offer(document, std::move(offered));
}

void SnapshotUploads::add(DocumentHandle document, std::uint64_t position, SharedBytes bytes, bool last,
                          Flight flight) {
  const auto found = uploads_.find(document);
  if (found == uploads_.end() || found->second.complete) return host_.landed(flight);
  Upload& upload = found->second;
  const std::uint64_t end = position + bytes.size();
  const bool follows = position == upload.received && end >= position && end <= upload.size;
  if (!follows || last != (end == upload.size)) {
    host_.landed(flight);
    return fail_with(document, fail(Code::invalid_argument,
                                    "chunks of a snapshot follow each other and end where the offer said; this one "
                                    "is not at position " +
                                        std::to_string(upload.received) + " or ends elsewhere"));
  }
  upload.received = end;
  upload.complete = last;
  upload.waiting.push_back({std::move(bytes), flight});
  step(document, upload);
}

void SnapshotUploads::accepted(const SnapshotAccepted& accepted) {
  const auto found = uploads_.find(accepted.document);
  if (found == uploads_.end()) return;
  found->second.accepted = accepted;
  step(accepted.document, found->second);
}

// Whatever comes next, if nothing is under way.
void SnapshotUploads::step(DocumentHandle document, Upload& upload) {
  if (upload.stepping || !upload.accepted || upload.sealing) return;
  UploadStep step{self_, document, upload.number, upload.accepted->path, UploadStep::Begin{upload.accepted->epoch}};
  if (upload.at_store.value != 0) {
    if (!upload.waiting.empty()) {
      Chunk chunk = std::move(upload.waiting.front());
      upload.waiting.pop_front();
      upload.writing = chunk.flight;
      step.what = UploadStep::Write{upload.at_store, std::move(chunk.bytes)};
    } else if (upload.complete) {
      upload.sealing = true;
      step.what = UploadStep::Seal{upload.at_store, upload.accepted->epoch, upload.accepted->about};
    } else {
      return;
    }
  }
  upload.stepping = true;
  host_.upload(std::move(step));
}

void SnapshotUploads::answered(const UploadAnswer& answer) {
  const auto found = uploads_.find(answer.document);
  if (found == uploads_.end() || found->second.number != answer.number) {
    if (answer.upload.value != 0)  // nobody wants it any more
      host_.upload({self_, answer.document, answer.number, {}, UploadStep::Abandon{answer.upload}});
    return;
  }
  Upload& upload = found->second;
  upload.stepping = false;
  host_.landed(std::exchange(upload.writing, {}));
  if (upload.sealing) {
    uploads_.erase(found);  // the hub tells what came of it
    return;
  }
  if (!answer.result) return fail_with(answer.document, answer.result.error());
  if (answer.upload.value != 0) upload.at_store = answer.upload;
  step(answer.document, upload);
}

void SnapshotUploads::give_back(DocumentHandle document, Upload& upload) {
  for (const Chunk& chunk : upload.waiting) host_.landed(chunk.flight);
  host_.landed(upload.writing);
  // While a step is under way its answer does that; a seal is no longer to be stopped.
  if (upload.at_store.value != 0 && !upload.stepping)
    host_.upload({self_, document, upload.number, {}, UploadStep::Abandon{upload.at_store}});
}

void SnapshotUploads::abandon(DocumentHandle document) {
  auto node = uploads_.extract(document);
  if (!node.empty()) give_back(document, node.mapped());
}

void SnapshotUploads::abandon_all() {
  for (auto& [document, upload] : std::exchange(uploads_, {})) give_back(document, upload);
}

void SnapshotUploads::fail_with(DocumentHandle document, Error error) {
  abandon(document);
  host_.refused(document, std::move(error));
}

}  // namespace weir::core
