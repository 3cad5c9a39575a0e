// A hub and nothing else: the test is the store and the sessions. What the hub asks of them is kept until the test
// answers, but for loading a document, which is answered with `loaded` at once.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <utility>
#include <vector>

#include "weir/core/hub.hpp"
#include "weir/yjs/encoder.hpp"
#include "weir/yjs/state_vector.hpp"

namespace weir::core {

class Anyone final : public Authorizer {
 public:
  [[nodiscard]] Result<std::string> authenticate(std::string_view) const override { return std::string(); }
  [[nodiscard]] Result<void> may_read(std::string_view, const DocumentPath&) const override { return {}; }
  [[nodiscard]] Result<void> may_write(std::string_view, const DocumentPath&) const override { return {}; }
};

class HubAlone : public testing::Test {
 protected:
  static constexpr SessionRef ann{{1}, 0};
  static constexpr SessionRef ben{{2}, 0};
  static constexpr Epoch epoch{7};

  void step(HubInput input) {
    std::vector<HubEffect> effects;
    hub.step(std::move(input), now, effects);
    for (HubEffect& effect : effects) {
      if (auto* append = std::get_if<StartAppend>(&effect))
        at_log.push_back(std::move(*append));
      else if (auto* tell = std::get_if<Tell>(&effect))
        told.push_back(std::move(*tell));
      else if (auto* delivery = std::get_if<Broadcast>(&effect))
        delivered.push_back(delivery->delivery);
      else if (auto* standing = std::get_if<SetStanding>(&effect))
        standings.push_back(std::move(*standing));
      else if (auto* finished = std::get_if<StandingFinished>(&effect))
        standings_finished.push_back(std::move(*finished));
      else if (auto* load = std::get_if<LoadDocument>(&effect))
        step(DocumentLoaded{load->path, loaded});
    }
  }

  /// As a client of y-websocket does.
  void subscribe(SessionRef session, bool snapshots, bool recreate = false) {
    SubscribeRequest request;
    request.session = session;
    request.dialect = DialectKind::yjs;
    request.producer.bytes[0] = static_cast<std::byte>(session.id.value);
    request.ephemeral = true;
    request.what.path = path;
    request.what.snapshots = snapshots;
    request.what.recreate = recreate;
    step(std::move(request));
  }

  const DocumentPath path{*SpaceName::parse("acme"), *DocumentName::parse("plan")};
  Anyone anyone;
  yjs::Encoder encoder;
  yjs::CoverMerger merger;
  Hub hub{{.limits = {}, .encoders = {&encoder, &encoder}, .authorizer = &anyone, .cover_merger = &merger}};
  Now now;
  LoadedDocument loaded;
  std::deque<StartAppend> at_log;
  std::vector<Tell> told;
  std::vector<DeliveryRef> delivered;
  std::deque<SetStanding> standings;
  std::vector<StandingFinished> standings_finished;
};

}  // namespace weir::core
