// Random events that keep the protocol's rules, from a seed.
#pragma once

#include <random>
#include <vector>

#include "weir/frames/frames.hpp"

namespace weir::frames {

class RandomEvents {
 public:
  explicit RandomEvents(std::uint64_t seed) : random_(seed) {}
  [[nodiscard]] ClientEvent client();
  [[nodiscard]] ServerEvent server();
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

 private:
  std::uint64_t number();
  bool coin() { return below(2) == 0; }
  std::string text(std::size_t bytes_max);
  SharedBytes bytes(std::size_t bytes_max);
  ProducerId producer();
  DocumentPath path();
  Subscribe subscribe();
  PresenceUpdate presence();
  Records records();
  Fidelity fidelity();
  SnapshotHeader snapshot();

  std::mt19937_64 random_;
};

}  // namespace weir::frames
