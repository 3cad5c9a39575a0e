// A client behind weir.h whose relay the test plays by hand, and what its callbacks said.
//
//   Scene scene;                       connected; nothing is open
//   Told told;
//   weir_document* plan = scene.open(told.options());
//   scene.wire->answer_subscribe();
//   told.until([&] { return told.records == 2; });
//
// Threads: the test's; what a callback writes in Told is guarded by its mutex.
#pragma once

#include <gtest/gtest.h>
#include <weir.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "weir/c/handles.hpp"
#include "wire.hpp"

namespace weir::c {

/// What callbacks said, as they said it, one line each.
class Told {
 public:
  void add(std::string line) {
    const std::scoped_lock lock(mutex_);
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }
  /// Waits until so many lines are there.
  std::vector<std::string> lines(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, client::wait_max, [&] { return lines_.size() >= count; }));
    return lines_;
  }
  void until(const std::string& line) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, client::wait_max, [&] {
      return std::find(lines_.begin(), lines_.end(), line) != lines_.end();
    })) << line;
  }
  [[nodiscard]] std::size_t count(const std::string& line) {
    const std::scoped_lock lock(mutex_);
    return static_cast<std::size_t>(std::count(lines_.begin(), lines_.end(), line));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

inline Told& told(void* user) { return *static_cast<Told*>(user); }

inline std::string text(weir_bytes bytes) {
  return bytes.data ? std::string(reinterpret_cast<const char*>(bytes.data), bytes.size) : std::string();
}

inline void tell_settled(void* user, const weir_settled* about) {
  told(user).add(about->error ? std::string("failed: ") + weir_code_name(weir_error_code(about->error))
                              : "stored " + std::to_string(about->sequence) + " at " + std::to_string(about->offset));
}

/// Every callback of a document says what it was told.
inline weir_document_options all_told(Told& into) {
  weir_document_options out{};
  out.struct_size = sizeof out;
  out.user = &into;
  out.user_released = [](void* user) { told(user).add("released"); };
  out.on_opened = [](void* user, const weir_opened* it) {
    told(user).add("opened fresh=" + std::to_string(it->fresh) + " lost=" + std::to_string(it->lost_history));
  };
  out.on_records = [](void* user, const weir_records* read) {
    for (std::size_t i = 0; i < read->count; ++i) {
      const weir_record& it = *read->records[i];
      told(user).add("record " + std::to_string(it.offset) + (it.own ? " own " : " ") + text(it.payload));
    }
    told(user).add(read->cursor ? "cursor " + std::to_string(read->cursor->offset) : "no cursor");
  };
  out.on_snapshot = [](void* user, const weir_snapshot* it) {
    told(user).add("snapshot " + std::to_string(it->offset) + " " + text(it->bytes) +
                   " verified=" + std::to_string(it->verified) + " fidelity=" + std::to_string(it->fidelity) +
                   " cursor=" + (it->cursor ? std::to_string(it->cursor->offset) : "none"));
  };
  out.on_cut = [](void* user, std::uint64_t offset) { told(user).add("cut " + std::to_string(offset)); };
  out.on_caught_up = [](void* user) { told(user).add("caught up"); };
  out.on_stored = [](void* user, std::size_t pending) { told(user).add("pending " + std::to_string(pending)); };
  out.on_presence = [](void* user, const weir_presences* all) {
    for (std::size_t i = 0; i < all->count; ++i)
      told(user).add((all->changes[i]->gone ? "gone " : "here ") + text(all->changes[i]->data));
  };
  out.on_error = [](void* user, const weir_failed* failed) {
    told(user).add(std::string(failed->over ? "over: " : "error: ") + weir_code_name(weir_error_code(failed->error)));
  };
  return out;
}

struct Scene {
  explicit Scene(weir_client_options options = {}) {
    options.struct_size = sizeof options;
    client = open_client(options, wire->transport()).value().release();
    hello = wire->greet();
  }
  ~Scene() { weir_client_free(client); }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  weir_document* open(const weir_document_options& options, const char* name = "d") {
    weir_document* out = nullptr;
    EXPECT_EQ(weir_document_open(client, "s", name, &options, &out, nullptr), WEIR_OK);
    return out;
  }

  std::shared_ptr<client::Wire> wire = std::make_shared<client::Wire>();
  weir_client* client = nullptr;
  frames::Hello hello;
};

}  // namespace weir::c
