// A peer of matrix.test.mjs on the C++ client; peer-js.mjs says what it understands and what its CRDT is. A command is
// a line of JSON, and so is each answer, in the order of the commands.
//
//   peer 127.0.0.1:8788 [--makes]
#include <cstdio>
#include <future>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <weir/client.hpp>

namespace {

using namespace weir::client;
using nlohmann::json;
using weir::Record;
using weir::SharedBytes;
using Words = std::set<std::string>;

std::string joined(const Words& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : "\n") + word;
  return out;
}

void add_lines(std::string_view text, Words& words) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    words.emplace(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
}

/// What a document has seen; its callbacks write it, commands read it.
class Seen final : public Snapshotter {
 public:
  explicit Seen(std::string role) : role_(std::move(role)) {}

  void read(const RecordsRead& read) {
    const std::scoped_lock lock(mutex_);
    for (const ReadRecord& entry : read.records) {
      came_.push_back(entry.own ? json(nullptr) : json(entry.record.payload.view()));
      if (!entry.stub) words_.emplace(entry.record.payload.view());
    }
  }
  void read(const SnapshotRead& read) {
    const std::scoped_lock lock(mutex_);
    Words words;
    add_lines(read.bytes.view(), words);
    snapshots_.push_back({{"verified", read.verified}, {"words", words.size()}});
    words_.merge(words);
  }
  void changed(const std::vector<Presence>& changes) {
    const std::scoped_lock lock(mutex_);
    for (const Presence& change : changes) {
      presence_.erase(change.key);
      if (!change.gone) presence_.emplace(change.key, change.data.view());
    }
  }
  void published(const std::string& word) {
    const std::scoped_lock lock(mutex_);
    words_.insert(word);
  }
  void caught_up() {
    const std::scoped_lock lock(mutex_);
    caught_up_ = true;
  }
  void failed(const ClientError& error) {
    const std::scoped_lock lock(mutex_);
    errors_.push_back(error.error.message);
  }
  void kept() {
    const std::scoped_lock lock(mutex_);
    ++made_;
  }

  std::optional<MadeSnapshot> make() override {
    const std::scoped_lock lock(mutex_);
    if (role_ != "make") return {};
    return MadeSnapshot{SharedBytes::copy(joined(words_)), {}, weir::Fidelity::lossless};
  }
  std::optional<bool> check(const SnapshotToCheck& snapshot) override {
    const std::scoped_lock lock(mutex_);
    if (role_ != "check") return {};
    Words words;
    add_lines(snapshot.bytes.view(), words);
    for (const Record& record : snapshot.records) words.emplace(record.payload.view());
    checked_.push_back(words == words_);
    return words == words_;
  }

  json told() {
    const std::scoped_lock lock(mutex_);
    json presence = json::array();
    for (const auto& [key, data] : presence_) presence.push_back(data);
    std::sort(presence.begin(), presence.end());
    return {{"words", words_},     {"came", came_},     {"snapshots", snapshots_}, {"made", made_},
            {"checked", checked_}, {"errors", errors_}, {"presence", presence},    {"caughtUp", caught_up_}};
  }

 private:
  const std::string role_;
  std::mutex mutex_;
  Words words_;
  json came_ = json::array();
  json snapshots_ = json::array();
  json errors_ = json::array();
  json checked_ = json::array();
  std::map<std::string, std::string> presence_;
  int made_ = 0;
  bool caught_up_ = false;
};

template <class T>
T must(weir::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

class Peer {
 public:
  Peer(const std::string& address, bool makes)
      : client_({.address = address,
                 .session = {.backoff_max = std::chrono::milliseconds(100), .makes_snapshots = makes}}) {}

  json run(const json& command) {
    const std::string what = command.at("do");
    if (what == "open") return open(command);
    if (what == "publish") return publish(documents_.at(command.at("document")), command.at("words"));
    if (what == "seen") return documents_.at(command.at("document")).seen->told();
    if (what == "presence")
      documents_.at(command.at("document")).document.set_presence(command.at("data").get<std::string>());
    else if (what == "close")
      client_.close();
    else
      throw std::runtime_error("a peer knows no " + what);
    return json::object();
  }

 private:
  struct Open {
    Document document;
    std::shared_ptr<Seen> seen;
  };

  json open(const json& command) {
    const std::string role = command.value("role", "plain");
    const auto seen = std::make_shared<Seen>(role);
    Handlers handlers{.on_records = [seen](const RecordsRead& read) { seen->read(read); },
                      .on_caught_up = [seen] { seen->caught_up(); },
                      .on_presence = [seen](const auto& changes) { seen->changed(changes); },
                      .on_error = [seen](const DocumentFailed& failed) { seen->failed(failed.error); },
                      .on_snapshot_kept = [seen](weir::Offset) { seen->kept(); }};
    if (role != "plain") handlers.on_snapshot = [seen](const SnapshotRead& read) { seen->read(read); };
    if (role == "make" || role == "check") handlers.snapshotter = seen;
    SubscribeOptions options{.presence = true};
    if (command.contains("key"))
      options.encryption = Encryption{.key = must(DocumentKey::parse(1, command.at("key").get<std::string>()))};
    const std::string name = command.at("document");
    const Document document = must(client_.subscribe({"matrix", name}, std::move(handlers), options));
    documents_.emplace(name, Open{document, seen});
    return json::object();
  }

  json publish(Open& open, const std::vector<std::string>& words) {
    std::promise<Settled> stored;
    for (const std::string& word : words) {
      open.seen->published(word);
      must(open.document.publish(word));
    }
    must(open.document.when_stored([&stored](const Settled& settled) { stored.set_value(settled); }));
    if (const Settled settled = stored.get_future().get(); settled.error)
      throw std::runtime_error(settled.error->error.message);
    return json::object();
  }

  std::map<std::string, Open> documents_;
  Client client_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  Peer peer(argv[1], argc > 2 && std::string(argv[2]) == "--makes");
  for (std::string line; std::getline(std::cin, line);) {
    json answer;
    try {
      answer = peer.run(json::parse(line));
    } catch (const std::exception& error) {
      answer = {{"error", error.what()}};
    }
    std::cout << answer.dump() << std::endl;
  }
}
