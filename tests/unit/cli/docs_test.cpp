// `weir docs` on a log in memory: what is printed, what is refused, and that an export can be put back.
#include "docs_fixture.hpp"

namespace weir::cli {
namespace {

TEST_F(Docs, ListsSpacesAndDocuments) {
  EXPECT_EQ(run({.command = DocsCommand::ls}).out, "");
  store("plan", 1, 1, {"one", "two"}, noon);
  store("list", 1, 1, {"x"}, noon);
  EXPECT_EQ(run({.command = DocsCommand::ls}).out, "notes  2 documents, head 3\n");
  EXPECT_EQ(run({.command = DocsCommand::ls, .space = "notes"}).out,
            "list  alive, 1 record, 1 byte, head 3, last 2023-11-14T22:13:20Z\n"
            "plan  alive, 2 records, 6 bytes, head 2, last 2023-11-14T22:13:20Z\n");
  const auto lines = run({.command = DocsCommand::ls, .space = "notes", .json = true}).lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1]["document"], "plan");
  EXPECT_EQ(lines[1]["records"], 2);
  EXPECT_TRUE(lines[1]["epoch"].is_string());
}

TEST_F(Docs, ListsMoreThanAPage) {
  for (int i = 0; i < 1001; ++i) store("document " + std::to_string(i), 1, 1, {"x"}, noon);
  EXPECT_EQ(run({.command = DocsCommand::ls, .space = "notes", .json = true}).lines().size(), 1001U);
}

TEST_F(Docs, SaysWhatIsNotThere) {
  store("plan", 1, 1, {"one"}, noon);
  EXPECT_THAT(run({.command = DocsCommand::ls, .space = "other"}).error, HasSubstr("nothing has been written"));
  EXPECT_EQ(run({.command = DocsCommand::tail, .space = "other"}).code, Code::not_found);
  EXPECT_THAT(run({.command = DocsCommand::tail, .space = "notes", .from = 2}).error, HasSubstr("ends at offset 1"));
  for (const DocsCommand command :
       {DocsCommand::show, DocsCommand::tail, DocsCommand::export_document, DocsCommand::delete_document}) {
    const Ran ran = run({.command = command, .space = "notes", .document = "plans"});
    EXPECT_THAT(ran.error, HasSubstr("there is no document \"plans\" in the space \"notes\""));
    EXPECT_EQ(ran.code, Code::not_found);
  }
  EXPECT_EQ(run({.command = DocsCommand::show, .space = "notes", .document = "a\nb"}).code, Code::invalid_argument);
}

TEST_F(Docs, TailsADocument) {
  store_plan();
  const Ran all = run({.command = DocsCommand::tail, .space = "notes", .document = "plan", .json = true});
  ASSERT_EQ(all.lines().size(), 7U) << all.error;
  EXPECT_EQ(all.lines()[0], json::parse(R"({"offset": 1, "producer": "01000000000000000000000000000000", "sequence": 1,
                                            "time": 1700000000, "codec": 0, "payload": "b25l"})"));
  const Ran some = run({.command = DocsCommand::tail, .space = "notes", .document = "plan", .from = 2, .limit = 2});
  EXPECT_EQ(some.out,
            "3  2023-11-14T22:13:21Z  09000000 #1  codec 0  7 bytes\n"
            "4  2023-11-14T22:13:22Z  01000000 #3  codec 0  5 bytes\n");
  EXPECT_EQ(run({.command = DocsCommand::tail, .space = "notes", .document = "plan", .limit = 0}).out, "");
  EXPECT_EQ(run({.command = DocsCommand::tail, .space = "notes", .document = "plan", .from = 7}).out, "");
}

TEST_F(Docs, TailsASpaceWithItsDeletions) {
  store("plan", 1, 1, {"one"}, noon);
  store("list", 1, 1, {"two"}, noon);
  EXPECT_EQ(run({.command = DocsCommand::delete_document, .space = "notes", .document = "list", .yes = true}).error,
            "");
  const auto lines = run({.command = DocsCommand::tail, .space = "notes", .json = true}).lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["kind"], "record");
  EXPECT_EQ(lines[0]["document"], "plan");
  EXPECT_EQ(lines[1]["kind"], "deleted");
  EXPECT_EQ(lines[1]["offset"], 3);
}

TEST_F(Docs, CountsOneAsOne) {
  store("plan", 1, 1, {"x"}, noon);
  EXPECT_EQ(run({.command = DocsCommand::ls}).out, "notes  1 document, head 1\n");
  EXPECT_THAT(run({.command = DocsCommand::ls, .space = "notes"}).out, HasSubstr("1 record, 1 byte, head 1"));
  EXPECT_THAT(run({.command = DocsCommand::tail, .space = "notes", .document = "plan"}).out, HasSubstr("  1 byte\n"));
  store("list", 1, 1, {"xy"}, noon);
  EXPECT_EQ(run({.command = DocsCommand::ls}).out, "notes  2 documents, head 2\n");
  EXPECT_EQ(count_of(0, "thing is", "things are"), "0 things are");
}

TEST_F(Docs, SaysWhatWasCut) {
  store("plan", 1, 1, {"one", "two", "three"}, noon);
  cut("plan", {2});
  EXPECT_THAT(run({.command = DocsCommand::show, .space = "notes", .document = "plan"}).out,
              HasSubstr("cut            up to offset 2: 2 records, 6 bytes are no longer kept\n"));
  const auto state = run({.command = DocsCommand::show, .space = "notes", .document = "plan", .json = true}).lines();
  EXPECT_EQ(state.at(0)["cut"], 2);
  EXPECT_EQ(state.at(0)["cut_records"], 2);
  EXPECT_EQ(state.at(0)["records"], 1);
  const Ran tail = run({.command = DocsCommand::tail, .space = "notes", .document = "plan"});
  EXPECT_THAT(tail.out, testing::StartsWith("2  the records up to here are no longer kept\n3  "));
  const auto of_space = run({.command = DocsCommand::tail, .space = "notes", .json = true}).lines();
  ASSERT_EQ(of_space.size(), 2U);
  EXPECT_EQ(of_space[0]["kind"], "cut");
  EXPECT_EQ(of_space[0]["offset"], 2);
  EXPECT_EQ(of_space[1]["kind"], "record");
}

TEST_F(Docs, AnExportOfWhatWasCutIsNoWholeDocument) {
  store_plan();
  cut("plan", {3});
  const DocsOptions out{
      .command = DocsCommand::export_document, .space = "notes", .document = "plan", .file = file("a")};
  EXPECT_EQ(run(out).error, "");
  storage::MemoryLog other(options(2));
  const Ran back = run(other, {.command = DocsCommand::import_document, .file = file("a")});
  EXPECT_EQ(back.code, Code::failed_precondition);
  EXPECT_THAT(back.error, HasSubstr("the first 3 records of this document were cut"));
  EXPECT_EQ(run(other, {.command = DocsCommand::ls}).out, "");
  store("whole", 1, 1, {"x"}, noon);
  ASSERT_EQ(
      run({.command = DocsCommand::export_document, .space = "notes", .document = "whole", .file = file("b")}).error,
      "");
  cut("plan", log_.document(path_of("notes", "plan").value())->head);
  EXPECT_EQ(
      run({.command = DocsCommand::import_document, .space = "notes", .document = "plan", .file = file("b")}).code,
      Code::already_exists)
      << "a document without records that had some";
}

TEST_F(Docs, AStoppedStoreCannotBeFollowed) {
  store("plan", 1, 1, {"one"}, noon);
  EXPECT_THAT(run({.command = DocsCommand::tail, .space = "notes", .document = "plan", .follow = true}).error,
              HasSubstr("--server"));
  EXPECT_THAT(run({.command = DocsCommand::tail, .space = "notes", .follow = true}).error, HasSubstr("--server"));
}

TEST_F(Docs, DeletesWhenToldTwice) {
  store("plan", 1, 1, {"one"}, noon);
  const DocsOptions options{.command = DocsCommand::delete_document, .space = "notes", .document = "plan"};
  EXPECT_THAT(run(options).error, HasSubstr("--yes"));
  const Ran asked = run(options, "n\n");
  EXPECT_THAT(asked.err, HasSubstr("its 1 record for ever? [y/N]"));
  EXPECT_EQ(asked.code, Code::cancelled);
  EXPECT_EQ(run(options, "y\n").out, "deleted \"plan\" in the space \"notes\", at offset 2\n");
  EXPECT_THAT(run(options, "y\n").error, HasSubstr("was deleted"));
  EXPECT_THAT(run({.command = DocsCommand::tail, .space = "notes", .document = "plan"}).error,
              HasSubstr("was deleted"));
  EXPECT_THAT(run({.command = DocsCommand::show, .space = "notes", .document = "plan"}).out, HasSubstr("deleted"));
}

TEST_F(Docs, AnExportPutBackIsTheSameDocument) {
  store_plan();
  const Ran out = run(
      {.command = DocsCommand::export_document, .space = "notes", .document = "plan", .json = true, .file = file("a")});
  ASSERT_EQ(out.error, "");
  storage::MemoryLog other(options(2));
  const Ran in = run(other, {.command = DocsCommand::import_document, .json = true, .file = file("a")});
  ASSERT_EQ(in.error, "");
  EXPECT_EQ(in.lines()[0]["chain"], out.lines()[0]["chain"]);
  const DocsOptions tail{.command = DocsCommand::tail, .space = "notes", .document = "plan"};
  EXPECT_EQ(run(other, tail).out, run(tail).out);
  const DocumentPath path = path_of("notes", "plan").value();
  EXPECT_EQ(other.mark(path, producer(1))->value().sequence, Sequence{5});
  ASSERT_EQ(
      run(other, {.command = DocsCommand::export_document, .space = "notes", .document = "plan", .file = file("b")})
          .error,
      "");
  const std::string first = bytes_of(file("a"));
  const std::string second = bytes_of(file("b"));
  EXPECT_NE(first, second);  // another store, another epoch
  ASSERT_EQ(
      run(other, {.command = DocsCommand::export_document, .space = "notes", .document = "plan", .file = file("c")})
          .error,
      "");
  EXPECT_EQ(bytes_of(file("c")), second);
}

TEST_F(Docs, AnImportTakesAnotherNameAndNoPlaceThatIsTaken) {
  store_plan();
  ASSERT_EQ(
      run({.command = DocsCommand::export_document, .space = "notes", .document = "plan", .file = file("a")}).error,
      "");
  const DocsOptions back{.command = DocsCommand::import_document, .file = file("a")};
  EXPECT_EQ(run(back).code, Code::already_exists);
  EXPECT_EQ(
      run({.command = DocsCommand::import_document, .space = "attic", .document = "old plan", .file = file("a")}).error,
      "");
  EXPECT_EQ(run({.command = DocsCommand::tail, .space = "attic", .document = "old plan", .json = true}).lines().size(),
            7U);
  ASSERT_EQ(run({.command = DocsCommand::delete_document, .space = "notes", .document = "plan", .yes = true}).error,
            "");
  EXPECT_THAT(run(back).error, HasSubstr("--recreate"));
  EXPECT_EQ(run({.command = DocsCommand::import_document, .file = file("a"), .recreate = true}).error, "");
  EXPECT_EQ(run({.command = DocsCommand::tail, .space = "notes", .document = "plan", .json = true}).lines().size(), 7U);
}

TEST_F(Docs, ADamagedExportPutsNothingBack) {
  store_plan();
  ASSERT_EQ(
      run({.command = DocsCommand::export_document, .space = "notes", .document = "plan", .file = file("a")}).error,
      "");
  std::string bytes = bytes_of(file("a"));
  bytes[bytes.size() - 100] = static_cast<char>(bytes[bytes.size() - 100] ^ 1);  // near its end
  std::ofstream(file("b"), std::ios::binary) << bytes;
  storage::MemoryLog other(options(2));
  EXPECT_THAT(run(other, {.command = DocsCommand::import_document, .file = file("b")}).error, HasSubstr("damaged"));
  EXPECT_EQ(run(other, {.command = DocsCommand::ls}).out, "");
  EXPECT_THAT(run(other, {.command = DocsCommand::import_document, .file = file("nothing")}).error,
              HasSubstr("cannot read"));
}

TEST_F(Docs, AnExportNeverReplacesAFile) {
  store_plan();
  std::ofstream(file("a")) << "precious";
  const DocsOptions options{
      .command = DocsCommand::export_document, .space = "notes", .document = "plan", .file = file("a")};
  EXPECT_EQ(run(options).code, Code::already_exists);
  EXPECT_EQ(bytes_of(file("a")), "precious");
  EXPECT_THAT(run({.command = DocsCommand::export_document,
                   .space = "notes",
                   .document = "plan",
                   .file = file("no/such/folder")})
                  .error,
              HasSubstr("cannot write"));
}

TEST_F(Docs, AnExportToStandardOutputIsTheFile) {
  store_plan();
  ASSERT_EQ(
      run({.command = DocsCommand::export_document, .space = "notes", .document = "plan", .file = file("a")}).error,
      "");
  const Ran ran = run({.command = DocsCommand::export_document, .space = "notes", .document = "plan", .file = "-"});
  EXPECT_EQ(ran.out, bytes_of(file("a")));
  EXPECT_THAT(ran.err, HasSubstr("exported \"plan\""));
}

TEST(ServerAddress, HasAPort) {
  EXPECT_EQ(server_address("localhost"), "localhost:8788");
  EXPECT_EQ(server_address("10.0.0.1:99"), "10.0.0.1:99");
  EXPECT_EQ(server_address(":99"), "127.0.0.1:99");
  EXPECT_EQ(server_address("::1"), "[::1]:8788");
  EXPECT_EQ(server_address("[::1]"), "[::1]:8788");
  EXPECT_EQ(server_address("[::1]:99"), "[::1]:99");
}

}  // namespace
}  // namespace weir::cli
