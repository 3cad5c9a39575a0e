// The store over plain HTTP: states, lists, exports and deletion, against a log in memory.
#include <string>
#include <vector>

#include "http_fixture.hpp"
#include "weir/auth/open_authorizer.hpp"
#include "weir/http/store_api.hpp"
#include "weir/memory/memory_log.hpp"

namespace weir::test {
namespace {

class HttpStore : public Http {
 protected:
  void serve(std::size_t page_bytes = 256 << 10) {
    api_.emplace(http::StoreApi::Parts{.log = log_,
                                       .readers = readers_,
                                       .authorizer = authorizer_,
                                       .delete_document =
                                           [this](DocumentPath path, http::StoreApi::DeleteDone done) {
                                             remove(std::make_shared<const DocumentPath>(std::move(path)), done);
                                           },
                                       .page_bytes = page_bytes});
    api_->add_to(routes_);
    start();
  }

  static DocumentRef path(const std::string& space, const std::string& document) {
    return std::make_shared<const DocumentPath>(
        DocumentPath{SpaceName::parse(space).value(), DocumentName::parse(document).value()});
  }
  /// One append of these payloads; waits for it.
  void put(const DocumentRef& where, const std::vector<std::string>& payloads) {
    Append append;
    append.path = where;
    append.epoch = log_.document(*where).value().epoch;
    append.producer.bytes[15] = std::byte{7};
    append.first_sequence = {++sequence_};
    append.time = {1'700'000'000};
    for (const std::string& payload : payloads) append.deltas.push_back({Codec{0}, SharedBytes::copy(payload)});
    sequence_ += payloads.size() - 1;
    std::promise<Result<Appended>> done;
    log_.append({1}, std::move(append), [&](Result<Appended> result) { done.set_value(std::move(result)); });
    const auto result = done.get_future().get();
    ASSERT_TRUE(result) << result.error().message;
  }
  /// What a shard does with a deletion, in short.
  void remove(const DocumentRef& where, const http::StoreApi::DeleteDone& done) {
    const auto state = log_.document(*where).value();
    if (state.life != storage::DocumentLife::alive) return done(fail(Code::not_found, "not here"));
    Append append;
    append.kind = AppendKind::tombstone;
    append.path = where;
    append.epoch = state.epoch;
    log_.append({1}, std::move(append),
                [done](Result<Appended> result) { done(result ? Result<Offset>(result->last) : result.error()); });
  }
  nlohmann::json get(const std::string& target) {
    const HttpReply reply = connect().request("GET", target, "Connection: close\r\n");
    EXPECT_EQ(reply.status, 200) << target << ": " << reply.body;
    return nlohmann::json::parse(reply.body);
  }
  HttpReply ask(const std::string& target, const std::string& method = "GET") {
    return connect().request(method, target, "Connection: close\r\n");
  }
  static std::vector<nlohmann::json> lines(const std::string& body) {
    std::vector<nlohmann::json> all;
    for (std::size_t at = 0; at < body.size();) {
      const std::size_t end = body.find('\n', at);
      all.push_back(nlohmann::json::parse(body.substr(at, end - at)));
      at = end + 1;
    }
    return all;
  }

  storage::MemoryLog log_{{.incarnation = {{std::byte{1}}}, .mode = storage::MemoryLog::Mode::automatic}};
  auth::OpenAuthorizer authorizer_{{}};
  std::optional<http::StoreApi> api_;
  std::uint64_t sequence_ = 0;
};

TEST_F(HttpStore, says_what_was_cut) {
  serve();
  put(path("notes", "plan"), {"one", "two", "three"});
  Append append;
  append.kind = AppendKind::cut;
  append.path = path("notes", "plan");
  append.epoch = log_.document(*append.path).value().epoch;
  append.cut = {2};
  const auto prefix = log_.prefix(*append.path, {2}).value();
  append.cut_chain = prefix.chain;
  append.cut_records = prefix.records;
  append.cut_payload_bytes = prefix.payload_bytes;
  std::promise<Result<Appended>> done;
  log_.append({1}, std::move(append), [&](Result<Appended> result) { done.set_value(std::move(result)); });
  ASSERT_TRUE(done.get_future().get());
  const auto state = get("/v1/spaces/notes/documents/plan");
  EXPECT_EQ(state["cut"], 2);
  EXPECT_EQ(state["cut_records"], 2);
  EXPECT_EQ(state["cut_payload_bytes"], 6);
  EXPECT_EQ(state["records"], 1);
  const HttpReply from_start = ask("/v1/spaces/notes/documents/plan/records");
  EXPECT_EQ(from_start.headers.at("weir-cut"), "2");
  EXPECT_EQ(lines(from_start.body).size(), 1u);
}

TEST_F(HttpStore, says_how_a_document_stands) {
  serve();
  put(path("notes", "plan"), {"one", "three"});
  put(path("notes", "other"), {"x"});
  put(path("notes", "plan"), {"five"});
  const auto state = get("/v1/spaces/notes/documents/plan");
  EXPECT_EQ(state["space"], "notes");
  EXPECT_EQ(state["document"], "plan");
  EXPECT_EQ(state["life"], "alive");
  EXPECT_EQ(state["head"], 4);
  EXPECT_EQ(state["records"], 3);
  EXPECT_EQ(state["payload_bytes"], 12);
  EXPECT_EQ(state["last_time"], 1'700'000'000);
  EXPECT_EQ(state["epoch"], std::to_string(log_.document(*path("notes", "plan")).value().epoch.value));
  const auto space = get("/v1/spaces/notes");
  EXPECT_EQ(space["head"], 4);
  EXPECT_EQ(space["documents"], 2);
}

TEST_F(HttpStore, names_what_is_not_there) {
  serve();
  put(path("notes", "plan"), {"one"});
  for (const char* target : {"/v1/spaces/empty", "/v1/spaces/notes/documents/other", "/v1/spaces/empty/documents/plan",
                             "/v1/spaces/notes/documents/other/records"}) {
    const HttpReply reply = ask(target);
    EXPECT_EQ(reply.status, 404) << target;
    EXPECT_EQ(error_code(reply), "NOT_FOUND") << target;
  }
  EXPECT_EQ(get("/v1/spaces/empty/documents")["documents"].size(), 0U);
}

TEST_F(HttpStore, refuses_names_and_numbers_that_cannot_be) {
  serve();
  for (const std::string target :
       {"/v1/spaces/", "/v1/spaces/%00", "/v1/spaces/%ff", "/v1/spaces/a/documents/%0a",
        "/v1/spaces/a/documents/b/records?after=x", "/v1/spaces/a/documents/b/records?limit=-1",
        "/v1/spaces/a/documents?limit=0", "/v1/spaces/a/documents?limit=1001", "/v1/spaces?limit=99999999999999999999",
        "/v1/spaces?limit="}) {
    const HttpReply reply = ask(target);
    EXPECT_EQ(reply.status, 400) << target;
    EXPECT_EQ(error_code(reply), "INVALID_ARGUMENT") << target;
  }
  EXPECT_EQ(ask("/v1/spaces/" + std::string(256, 's')).status, 400);
  EXPECT_EQ(ask("/v1/spaces/a/documents/" + std::string(1025, 'd')).status, 400);
}

TEST_F(HttpStore, takes_any_name_that_is_encoded) {
  serve();
  const std::string space = "acme/notes \u00fc";
  const std::string document = "a%2Fb?c#d \"\\";
  put(path(space, document), {"x"});
  const std::string there = "/v1/spaces/acme%2Fnotes%20%C3%BC/documents";
  EXPECT_EQ(get(there)["documents"][0]["document"], document);
  EXPECT_EQ(get(there + "/a%252Fb%3Fc%23d%20%22%5C")["document"], document);
  EXPECT_EQ(get("/v1/spaces")["spaces"][0]["space"], space);
}

TEST_F(HttpStore, lists_page_by_page) {
  serve();
  for (const char* name : {"b", "a", "d", "c", "e"}) {
    put(path("notes", name), {"x"});
    put(path(std::string("space-") + name, "only"), {"x"});
  }
  const auto walk = [&](const std::string& target, const char* list, const char* key) {
    std::string names;
    std::string after;
    for (int pages = 0; pages < 10; ++pages) {
      const auto page = get(target + "?limit=2&after=" + after);
      for (const auto& entry : page[list]) names += (names.empty() ? "" : " ") + entry[key].get<std::string>();
      if (!page.contains("next_after")) return names;
      after = page["next_after"];
    }
    return names + " and no end";
  };
  EXPECT_EQ(walk("/v1/spaces/notes/documents", "documents", "document"), "a b c d e");
  EXPECT_EQ(walk("/v1/spaces", "spaces", "space"), "notes space-a space-b space-c space-d space-e");
}

TEST_F(HttpStore, exports_a_document_s_records) {
  serve();
  put(path("notes", "plan"), {"hello", std::string("\0\xff", 2)});
  put(path("notes", "other"), {"x"});
  put(path("notes", "plan"), {"last"});
  const HttpReply reply = ask("/v1/spaces/notes/documents/plan/records");
  EXPECT_EQ(reply.headers.at("content-type"), "application/x-ndjson");
  EXPECT_EQ(reply.headers.at("weir-head"), "4");
  EXPECT_TRUE(reply.complete);
  const auto records = lines(reply.body);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].dump(), nlohmann::json({{"offset", 1},
                                               {"producer", "00000000000000000000000000000007"},
                                               {"sequence", 1},
                                               {"time", 1'700'000'000},
                                               {"codec", 0},
                                               {"payload", "aGVsbG8="}})
                                   .dump());
  EXPECT_EQ(records[1]["payload"], "AP8=");
  EXPECT_EQ(records[2]["offset"], 4);
}

TEST_F(HttpStore, exports_from_and_up_to) {
  serve();
  put(path("notes", "plan"), {"1", "2", "3", "4", "5"});
  const auto offsets = [&](const std::string& query) {
    std::string all;
    for (const auto& record : lines(ask("/v1/spaces/notes/documents/plan/records" + query).body))
      all += std::to_string(record["offset"].get<int>());
    return all;
  };
  EXPECT_EQ(offsets("?after=3"), "45");
  EXPECT_EQ(offsets("?limit=2"), "12");
  EXPECT_EQ(offsets("?after=1&limit=3"), "234");
  EXPECT_EQ(offsets("?after=5"), "");
  EXPECT_EQ(offsets("?after=18446744073709551615"), "");
  EXPECT_EQ(offsets("?limit=0"), "");
}

TEST_F(HttpStore, exports_a_large_document_page_by_page) {
  serve(64 << 10);
  constexpr int count = 400;
  for (int i = 0; i < count; ++i) put(path("notes", "large"), {std::string(30'000, static_cast<char>('a' + i % 26))});
  RawClient client = connect();
  const HttpReply reply = client.request("GET", "/v1/spaces/notes/documents/large/records");
  EXPECT_TRUE(reply.complete);
  const auto records = lines(reply.body);
  ASSERT_EQ(records.size(), static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const auto& record = records[static_cast<std::size_t>(i)];
    ASSERT_EQ(record["offset"], i + 1);
    ASSERT_EQ(record["payload"].get<std::string>().size(), 40'000U);
  }
  EXPECT_EQ(client.request("HEAD", "/v1/spaces/notes/documents/large/records").status, 200);
  EXPECT_EQ(client.request("GET", "/hello").status, 200);
}

TEST_F(HttpStore, deletes) {
  serve();
  put(path("notes", "plan"), {"one"});
  const std::string target = "/v1/spaces/notes/documents/plan";
  const HttpReply reply = ask(target, "DELETE");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(nlohmann::json::parse(reply.body),
            nlohmann::json({{"space", "notes"}, {"document", "plan"}, {"deleted_at", 2}}));
  EXPECT_EQ(get(target)["life"], "deleted");
  EXPECT_EQ(get("/v1/spaces/notes/documents")["documents"][0]["life"], "deleted");
  EXPECT_EQ(error_code(ask(target + "/records")), "NOT_FOUND");
  EXPECT_EQ(ask(target, "DELETE").status, 404);
  EXPECT_EQ(ask(target, "PUT").headers.at("allow"), "DELETE, GET, HEAD");
}

TEST_F(HttpStore, breaks_off_an_export_whose_document_is_deleted_meanwhile) {
  serve(64 << 10);
  for (int i = 0; i < 700; ++i) put(path("notes", "plan"), {std::string(30'000, 'x')});  // more than sockets hold
  RawClient client = connect();
  client.shrink_receive_buffer();
  client.send("GET /v1/spaces/notes/documents/plan/records HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::string body = client.read_some();
  EXPECT_EQ(ask("/v1/spaces/notes/documents/plan", "DELETE").status, 200);
  while (!client.at_end()) body += client.read_some();
  EXPECT_TRUE(client.broken());
  EXPECT_FALSE(body.ends_with("0\r\n\r\n"));
}

TEST_F(HttpStore, shows_only_the_spaces_there_are) {
  const auth::OpenAuthorizer listed({.listed_only = true, .spaces = {"notes"}});
  http::StoreApi api({.log = log_, .readers = readers_, .authorizer = listed, .delete_document = {}});
  api.add_to(routes_);
  start();
  put(path("notes", "plan"), {"one"});
  put(path("secret", "plan"), {"one"});
  EXPECT_EQ(get("/v1/spaces")["spaces"].dump(), R"([{"space":"notes"}])");
  for (const char* method : {"GET", "DELETE"}) EXPECT_EQ(ask("/v1/spaces/secret/documents/plan", method).status, 404);
  EXPECT_EQ(ask("/v1/spaces/notes/documents/plan").status, 200);
  thread_.stop();
  readers_.stop();
}

}  // namespace
}  // namespace weir::test
