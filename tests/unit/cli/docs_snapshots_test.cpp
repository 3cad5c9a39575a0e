// `weir docs` and snapshots: listed, withdrawn, exported and put back; a document that was cut; the past.
#include "docs_fixture.hpp"

namespace weir::cli {
namespace {

class DocsSnapshots : public Docs {
 protected:
  Snapshot snapshot(const std::string& bytes, std::uint64_t offset, SnapshotStanding standing,
                    const std::string& base = "") {
    auto& store = log_.snapshots();
    const auto upload = store.begin(plan_, log_.document(plan_)->epoch);
    EXPECT_TRUE(store.write(*upload, bytes));
    const auto prefix = log_.prefix(plan_, {offset});
    Snapshot about;
    about.offset = {offset};
    about.chain = prefix->chain;
    about.hash = sha256(bytes);
    about.size = bytes.size();
    about.codec = {17};
    about.fidelity = Fidelity::lossless;
    about.standing = standing;
    about.time = {noon + 2};
    about.since = {noon + 3};
    about.author = "ann";
    about.records = prefix->records;
    about.payload_bytes = prefix->payload_bytes;
    const auto all = store.list(plan_);
    for (const Snapshot& one : *all)
      if (one.hash == sha256(base)) about.base = one.id;
    const auto sealed = store.seal(*upload, about);
    EXPECT_TRUE(sealed);
    return *sealed;
  }
  static std::string bytes_of(storage::MemoryLog& log, const DocumentPath& path, SnapshotId id) {
    return std::string(log.snapshots().read(path, id, 0, false)->bytes.view());
  }
  static DocsOptions of(DocsCommand command) {
    return {.command = command, .space = "notes", .document = "plan", .json = true};
  }
  /// Exports the plan, and puts it into another store.
  Ran move(storage::MemoryLog& other) {
    DocsOptions out = of(DocsCommand::export_document);
    out.file = file("plan.weir");
    const Ran exported = run(out);
    EXPECT_EQ(exported.error, "");
    return run(other, {.command = DocsCommand::import_document, .json = true, .file = file("plan.weir")});
  }

  const DocumentPath plan_ = path_of("notes", "plan").value();
};

TEST_F(DocsSnapshots, AreListedAndCounted) {
  store_plan();
  EXPECT_EQ(run(of(DocsCommand::snapshots)).out, "");
  snapshot("base", 3, SnapshotStanding::verified);
  snapshot("layer", 5, SnapshotStanding::candidate, "base");
  const auto lines = run(of(DocsCommand::snapshots)).lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["offset"], 3);
  EXPECT_EQ(lines[0]["standing"], "verified");
  EXPECT_EQ(lines[0]["fidelity"], "lossless");
  EXPECT_EQ(lines[0]["author"], "ann");
  EXPECT_EQ(lines[0]["records"], 3);
  EXPECT_EQ(lines[1]["base"], 3);
  EXPECT_EQ(run({.command = DocsCommand::snapshots, .space = "notes", .document = "plan"}).out,
            "3  2023-11-14T22:13:22Z  verified  4 bytes for 3 records, 13 bytes  by ann\n"
            "5  2023-11-14T22:13:22Z  candidate  5 bytes for 5 records, 31 bytes  on 3  by ann\n");
  const json shown = run(of(DocsCommand::show)).lines()[0];
  EXPECT_EQ(shown["snapshots"], 2);
  EXPECT_EQ(shown["snapshot_bytes"], 9);
  EXPECT_THAT(run({.command = DocsCommand::show, .space = "notes", .document = "plan"}).out,
              HasSubstr("snapshots      2, 9 bytes\n"));
}

TEST_F(DocsSnapshots, AreWithdrawnOnce) {
  store_plan();
  snapshot("bad", 3, SnapshotStanding::verified);
  DocsOptions options = of(DocsCommand::withdraw);
  options.offset = 3;
  EXPECT_EQ(run(options).lines()[0]["withdrawn"], 3);
  EXPECT_EQ(log_.snapshots().list(plan_)->at(0).standing, SnapshotStanding::quarantined);
  EXPECT_EQ(run(options).code, Code::not_found);
  options.document = "never was";
  EXPECT_EQ(run(options).code, Code::not_found);
}

TEST_F(DocsSnapshots, ADocumentIsTailedAsItStood) {
  store_plan();
  const auto as_of = [this](const std::string& moment) {
    DocsOptions options = of(DocsCommand::tail);
    options.as_of = moment;
    const Ran ran = run(options);
    return ran.error.empty() ? std::to_string(ran.lines().size()) : ran.error;
  };
  EXPECT_EQ(as_of("3"), "3");
  EXPECT_EQ(as_of("100"), "7");
  EXPECT_EQ(as_of("@1699999999"), "0");
  EXPECT_EQ(as_of("@1700000001"), "3");
  EXPECT_EQ(as_of("2023-11-14T22:13:21Z"), "3");
  EXPECT_EQ(as_of("2023-11-14T22:14"), "7");
  EXPECT_EQ(as_of("2023-11-14"), "0");
  EXPECT_EQ(as_of("2023-11-15"), "7");
  for (const char* wrong : {"0", "@0", "yesterday", "-3", "2023-13-01", "2023-02-30", "2023-11-14T25:00:00Z",
                            "2023-11-14T22:13:21+01:00", "@", "12x"})
    EXPECT_THAT(as_of(wrong), HasSubstr("is no moment"));
  EXPECT_THAT(run({.command = DocsCommand::tail, .space = "notes", .as_of = "3"}).error, HasSubstr("one document"));
}

TEST_F(DocsSnapshots, AreReleasedFromQuarantineAndNoFurther) {
  store_plan();
  snapshot("right", 3, SnapshotStanding::verified);
  DocsOptions release = of(DocsCommand::release);
  release.offset = 3;
  EXPECT_EQ(run(release).code, Code::not_found);
  const auto report = [&](SnapshotId id) {
    ASSERT_TRUE(log_.snapshots().set_standing(plan_, id, SnapshotStanding::quarantined, {noon}, "eve"));
  };
  report({1});
  EXPECT_EQ(run(of(DocsCommand::snapshots)).lines()[0]["by"], "eve");
  EXPECT_EQ(run(of(DocsCommand::show)).lines()[0]["snapshots_quarantined"], 1);
  DocsOptions list = of(DocsCommand::snapshots);
  list.json = false;
  EXPECT_THAT(run(list).out, HasSubstr("quarantined since 2023-11-14T22:13:20Z, reported by eve"));
  snapshot("wrong", 3, SnapshotStanding::candidate);
  report({2});
  EXPECT_THAT(run(release).error, HasSubstr("several"));
  release.hash = sha256("right").hex().substr(0, 8);
  EXPECT_EQ(run(release).lines()[0]["released"], 3);
  const auto all = log_.snapshots().list(plan_).value();
  EXPECT_EQ(all[0].standing, SnapshotStanding::candidate);
  EXPECT_EQ(all[0].by, "");
  EXPECT_EQ(all[1].standing, SnapshotStanding::quarantined);
  EXPECT_THAT(run(release).error, HasSubstr("whose hash begins with"));
}

TEST_F(DocsSnapshots, AnExportAsOfThenIsTheBeginning) {
  store_plan();
  DocsOptions options = of(DocsCommand::export_document);
  options.as_of = "4";
  options.file = file("then");
  const Ran out = run(options);
  ASSERT_EQ(out.error, "");
  EXPECT_EQ(out.lines()[0]["records"], 4);
  EXPECT_EQ(out.lines()[0]["chain"], log_.chain(plan_, {4})->hex());
  storage::MemoryLog other(DocsSnapshots::options(2));
  ASSERT_EQ(run(other, {.command = DocsCommand::import_document, .file = file("then")}).error, "");
  EXPECT_EQ(other.document(plan_)->records, 4U);
}

TEST_F(DocsSnapshots, ComeBackWithTheDocumentTheyStandFor) {
  store("other", 1, 1, {"so that offsets differ"}, noon);
  store_plan();
  snapshot("base", 4, SnapshotStanding::verified);
  snapshot("layer", 6, SnapshotStanding::verified, "base");
  snapshot("one client's word", 8, SnapshotStanding::candidate);
  storage::MemoryLog other(options(2));
  const Ran in = move(other);
  ASSERT_EQ(in.error, "");
  EXPECT_EQ(in.lines()[0]["snapshots"], 2);
  const auto all = other.snapshots().list(plan_).value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].offset, Offset{3});
  EXPECT_EQ(all[0].chain, other.chain(plan_, {3}).value());
  EXPECT_EQ(all[1].offset, Offset{5});
  EXPECT_EQ(all[1].base, all[0].id);
  EXPECT_EQ(all[1].standing, SnapshotStanding::verified);
  EXPECT_EQ(all[1].author, "ann");
  EXPECT_EQ(all[1].records, 5U);
  EXPECT_EQ(bytes_of(other, plan_, all[1].id), "layer");
}

TEST_F(DocsSnapshots, ACutDocumentComesBackCut) {
  store_plan();
  snapshot("base", 2, SnapshotStanding::verified);
  snapshot("layer", 5, SnapshotStanding::verified, "base");
  cut("plan", {4});
  const Ran tailed = run(of(DocsCommand::tail));
  EXPECT_EQ(tailed.lines().size(), 4U);
  EXPECT_EQ(tailed.lines()[0]["cut"], 4);
  storage::MemoryLog other(options(2));
  const Ran in = move(other);
  ASSERT_EQ(in.error, "");
  EXPECT_EQ(in.lines()[0]["cut"], 4);
  const auto state = other.document(plan_).value();
  EXPECT_EQ(state.cut, Offset{2});  // the first is where the base stands
  EXPECT_EQ(state.records, 3U);
  const auto all = other.snapshots().list(plan_).value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].offset, Offset{1});
  EXPECT_EQ(all[1].offset, Offset{3});  // it stood for the first record that was kept, too
  EXPECT_EQ(all[1].base, all[0].id);
  EXPECT_EQ(all[1].chain, other.chain(plan_, {3}).value());
  const auto page = other.read_document(plan_, {}, state.head, 1 << 20).value();
  EXPECT_EQ(page.cut, Offset{2});
  EXPECT_EQ(page.records.at(0).payload.view(), "foreign again");
  EXPECT_EQ(page.records.at(0).time, Seconds{noon + 3});
  EXPECT_EQ(run(other, {.command = DocsCommand::import_document, .file = file("plan.weir")}).code,
            Code::already_exists);
}

TEST_F(DocsSnapshots, AnExportSaysWhenItIsNotTheWholeDocument) {
  store_plan();
  snapshot("of two", 2, SnapshotStanding::verified);
  cut("plan", {4});
  DocsOptions out = of(DocsCommand::export_document);
  out.file = file("a");
  EXPECT_THAT(run(out).err, HasSubstr("not the whole document"));
  out.file = file("b");
  out.as_of = "2";
  EXPECT_EQ(run(out).code, Code::out_of_range);
}

TEST_F(DocsSnapshots, ADocumentCutToNothingComesBack) {
  store_plan();
  snapshot("all", 7, SnapshotStanding::candidate);  // nobody else has one
  cut("plan", {7});
  storage::MemoryLog other(options(2));
  ASSERT_EQ(move(other).error, "");
  EXPECT_EQ(other.document(plan_)->records, 0U);
  EXPECT_EQ(other.document(plan_)->cut, Offset{1});
  const auto all = other.snapshots().list(plan_).value();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(bytes_of(other, plan_, all[0].id), "all");
}

}  // namespace
}  // namespace weir::cli
