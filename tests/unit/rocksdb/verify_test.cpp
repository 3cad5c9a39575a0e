// verify(): silent about a healthy store whatever happened to it, and not about any kind of damage.
#include <thread>

#include "verified_store.hpp"
#include "weir/rocksdb/run.hpp"

namespace weir::storage {
namespace {

using namespace rocks;

class Verify : public VerifiedStore {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    fill();
    pristine_ = options_.path;
  }

  /// "packed" in three packs and two runs, "runs" with chain values saved, "gone" deleted, "again" re-created, and
  /// "last", so that opening the store looks at nothing that is damaged.
  void fill() {
    open_with_small_packs();
    append_many("gone", 3);
    append_many("again", 3);
    ASSERT_TRUE(append_note());
    append_packed();
    append_many("packed", 2);
    append_many("runs", 1100);
    ASSERT_TRUE(log_->chain(*path_of("runs"), {~std::uint64_t{0}}));
    ASSERT_TRUE(change(path_of("gone"), AppendKind::tombstone));
    ASSERT_TRUE(change(path_of("again"), AppendKind::tombstone));
    ASSERT_TRUE(change(path_of("again"), AppendKind::recreate));
    append_many("again", 2);
    append_many("last", 1);
    close();
  }
  Result<Appended> append_note() {
    Append append;
    append.path = path_of("packed");
    append.epoch = log_->document(*append.path)->epoch;
    append.producer = producer();
    append.first_sequence = {1};
    append.assumed_mark = Sequence{};
    append.deltas = {{{0}, SharedBytes::copy("with a note")}};
    append.notes = {{"key", SharedBytes::copy("value")}};
    return wait_for(std::move(append));
  }

  static std::string of_document(rocksdb::DB& db, const Families& families, const std::string& document) {
    const DocumentRow row = row_of(db, families, document);
    return keys::runs(row.id, row.life);  // of packs as well
  }
  static void flip(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, const std::string& key, std::string value,
                   std::size_t at) {
    value.at(at) = static_cast<char>(value.at(at) ^ 0x10);
    ASSERT_TRUE(db.Put({}, family, key, value).ok());
  }
  static std::string at(const std::string& document, Offset offset) {
    return document + "@" + std::to_string(offset.value) + ": ";
  }
};

TEST_F(Verify, AHealthyStoreHasNothingToTell) {
  EXPECT_EQ(found(), std::vector<std::string>());
  EXPECT_EQ(counts_.spaces, 1u);
  EXPECT_EQ(counts_.documents, 6u);
  EXPECT_EQ(counts_.deleted, 1u);
  EXPECT_EQ(counts_.packs, 3u);
  EXPECT_EQ(counts_.records, 123u + 60u + 1100u + 2u + 1u);
  EXPECT_EQ(counts_.runs, counts_.records - 121u);
  EXPECT_EQ(counts_.marks, 5u);
  EXPECT_EQ(counts_.notes, 1u);
  EXPECT_EQ(counts_.chain_values, 1u);
  EXPECT_EQ(found({.space = SpaceName::parse("s").value()}), std::vector<std::string>());
  EXPECT_EQ(counts_.documents, 6u);
  EXPECT_EQ(found({.space = SpaceName::parse("s").value(), .document = DocumentName::parse("packed").value()}),
            std::vector<std::string>());
  EXPECT_EQ(counts_.documents, 1u);
  EXPECT_EQ(counts_.records, 123u);
  open();
  EXPECT_EQ(log_->verify({.space = SpaceName::parse("nowhere").value()}).error().code, Code::not_found);
  EXPECT_EQ(log_->verify({.space = SpaceName::parse("s").value(), .document = DocumentName::parse("no").value()})
                .error()
                .code,
            Code::not_found);
}

TEST_F(Verify, ADeletedDocumentLeavesNoChainValue) {
  open();
  append_many("read", 1100);
  ASSERT_TRUE(log_->chain(*path_of("read"), {~std::uint64_t{0}}));
  ASSERT_TRUE(change(path_of("read"), AppendKind::tombstone)) << "saves the chain value, or had better not";
  append_many("last", 1);
  close();
  EXPECT_EQ(found(), std::vector<std::string>());
}

TEST_F(Verify, AStoreThatIsPackedMeanwhileIsWhole) {
  options_.packing.in_background = true;
  options_.packing.seal_records = 20;
  options_.packing.idle_seal_records = 10;
  options_.packing.merge_records = 30;
  open();
  for (int i = 0; i < 300; ++i) {
    append_many("packed", 1);
    append_many("again", 1);
    if (i % 100 == 50) {
      ASSERT_TRUE(change(path_of("again"), AppendKind::tombstone));
      ASSERT_TRUE(change(path_of("again"), AppendKind::recreate));
    }
    if (i % 20 == 0) {
      EXPECT_EQ(log_->verify({})->findings, 0u);
    }
  }
  while (log_->packing().pending > 0) std::this_thread::yield();
  EXPECT_EQ(log_->packing().failures, 0u);
  close();
  EXPECT_EQ(found(), std::vector<std::string>());
}

TEST_F(Verify, FindsDamagedRuns) {
  Offset offset;
  const auto with_run = [&](const auto& damage) {
    return [&](rocksdb::DB& db, const Families& families) {
      const auto runs = rows(db, families[1], of_document(db, families, "runs"));
      offset = keys::offset_of(runs.at(30).first);
      damage(db, families, runs.at(30).first, runs.at(30).second);
    };
  };
  tamper(with_run([](auto&&...) {}));
  expect_found(with_run([](auto& db, auto& families, auto& key, auto& value) { flip(db, families[1], key, value, 6); }),
               {at("runs", offset) + "the run that begins here is damaged"});
  expect_found(with_run([](auto& db, auto& families, auto& key, auto& value) {
                 flip(db, families[1], key, value, value.size() - 1);
               }),
               {at("runs", offset) + "the record here is damaged"});
  expect_found(
      with_run([](auto& db, auto& families, auto& key, auto&) { ASSERT_TRUE(db.Delete({}, families[1], key).ok()); }),
      {at("runs", offset) + "the order names records here that are not there", "runs@",
       "runs@: its row says 1100 as its records; it is 1099", "runs@: its row says"});
}

TEST_F(Verify, FindsDamagedPacks) {
  Offset offset;
  const auto with_pack = [&](const auto& damage) {
    return [&](rocksdb::DB& db, const Families& families) {
      const auto packs = rows(db, families[2], of_document(db, families, "packed"));
      offset = keys::offset_of(packs.at(1).first);
      damage(db, families, packs.at(1).first, packs.at(1).second);
    };
  };
  tamper(with_pack([](auto&&...) {}));
  expect_found(
      with_pack([](auto& db, auto& families, auto& key, auto& value) { flip(db, families[2], key, value, 8); }),
      {at("packed", offset) + "the head of the pack that begins here is damaged"});
  expect_found(with_pack([](auto& db, auto& families, auto& key, auto& value) {
                 flip(db, families[2], key, value, value.size() - 3);
               }),
               {at("packed", offset) + "the pack that begins here is damaged, 50 records up to offset "});
  expect_found(
      with_pack([](auto& db, auto& families, auto& key, auto&) { ASSERT_TRUE(db.Delete({}, families[2], key).ok()); }),
      {"packed@: its row says 123 as its records; it is 73"}, true);
  expect_found(
      with_pack([&](auto& db, auto& families, auto&, auto&) {
        RunBuilder builder;
        const Delta delta{{0}, SharedBytes::copy("again")};
        const auto checksum = record_checksum(producer(), {7}, {}, {0}, "again");
        builder.add(offset.next(), producer(), {7}, {}, delta, checksum);
        const DocumentRow row = row_of(db, families, "packed");
        ASSERT_TRUE(
            db.Put({}, families[1], keys::run(row.id, row.life, offset.next()), builder.finish(row.id, row.life)).ok());
      }),
      {at("packed", offset.next()) + "a record lies here a second time"}, true);
}

TEST_F(Verify, FindsADamagedOrder) {
  std::string key;
  OrderEntry entry;
  const auto with_entry = [&](const auto& damage) {
    return [&](rocksdb::DB& db, const Families& families) {
      const DocumentRow runs = row_of(db, families, "runs");
      for (const auto& [at, value] : rows(db, families[0], keys::orders(space))) {
        key = at;
        entry = decode_order(value).value();
        if (entry.size() == 1 && entry[0].document == runs.id && entry[0].first < runs.head) break;
      }
      damage(db, families);
    };
  };
  tamper(with_entry([](auto&&...) {}));
  const std::string here = std::to_string(entry[0].first.value);
  const auto put = [&](rocksdb::DB& db, const Families& families, const std::string& value) {
    ASSERT_TRUE(db.Put({}, families[0], key, value).ok());
  };
  expect_found(with_entry([&](auto& db, auto& families) { ASSERT_TRUE(db.Delete({}, families[0], key).ok()); }),
               {"runs@" + here + ": the order of the space does not name this record"});
  expect_found(with_entry([&](auto& db, auto& families) { put(db, families, "\x7F"); }),
               {"@" + here + ": the order entry here is damaged"});
  expect_found(with_entry([&](auto& db, auto& families) {
                 OrderEntry changed = entry;
                 changed[0].document = {99};
                 put(db, families, encode(changed));
               }),
               {"@" + here + ": the order names document 99, which the space has not",
                "runs@" + here + ": the order of the space does not name this record"});
  expect_found(with_entry([&](auto& db, auto& families) {
                 OrderEntry changed = entry;
                 changed[0].document = row_of(db, families, "other").id;
                 put(db, families, encode(changed));
               }),
               {"other@" + here + ": the order names records here that are not there",
                "runs@" + here + ": the order of the space does not name this record"});
  expect_found(with_entry([&](auto& db, auto& families) {
                 OrderEntry changed = entry;
                 changed[0].life = {2};
                 put(db, families, encode(changed));
               }),
               {"@" + here + ": the order names life 2 of document",
                "runs@" + here + ": the order of the space does not name this record"});
}

TEST_F(Verify, FindsRowsThatDoNotAgree) {
  const auto changed = [](const std::string& document, const std::function<void(DocumentRow&)>& change) {
    return [=](rocksdb::DB& db, const Families& families) { change_row(db, families, document, change); };
  };
  expect_found(changed("runs", [](DocumentRow& row) { ++row.records; }),
               {"runs@: its row says 1101 as its records; it is 1100"});
  expect_found(changed("packed", [](DocumentRow& row) { ++row.payload_bytes; }), {"packed@: its row says"});
  expect_found(changed("packed", [](DocumentRow& row) { row.head = row.head.next(); }), {"packed@: its row says"});
  expect_found(changed("packed", [](DocumentRow& row) { row.first_time = {row.first_time.value + 1}; }),
               {"packed@: its row says"});
  expect_found(changed("packed", [](DocumentRow& row) { row.last_time = {row.last_time.value + 1}; }),
               {"packed@: its row says"});
  expect_found(changed("gone", [](DocumentRow& row) { row.head = {1}; }), {"gone@: its row says 1 as its head"});
  expect_found(changed("gone", [](DocumentRow& row) { row.deleted = false; }),
               {"gone@", "@: its row says 5 documents; there are 6"}, true);
  expect_found(changed("other", [](DocumentRow& row) { row.deleted = true; }),
               {"other@: it is deleted, and the order has no tombstone of it", "other@: runs of its life 1"}, true);
  expect_found(changed("again", [](DocumentRow& row) { row.life = {3}; }),
               {"again@: it was re-created, and the order does not say so", "again@: runs of its life 2"}, true);
  expect_found(
      [](rocksdb::DB& db, const Families& families) {
        ASSERT_TRUE(db.Put({}, families[0], keys::document(space, "other"), "\x01").ok());
      },
      {"@: the row of the document \"other\" is damaged", "@: there are runs of document"}, true);
  expect_found([](rocksdb::DB& db,
                  const Families& families) { ASSERT_TRUE(db.Put({}, families[0], keys::space("s"), "\x01").ok()); },
               {"@: the row of a space is damaged", "@: there is an order of space 1"}, true);
}

TEST_F(Verify, FindsNamesThatDoNotMapBothWays) {
  const auto with_name = [](const std::string& name) {
    return [=](rocksdb::DB& db, const Families& families) {
      const std::string key = keys::name(row_of(db, families, "other").id);
      const auto status =
          name.empty() ? db.Delete({}, families[0], key) : db.Put({}, families[0], key, encode(NameRow{space, name}));
      ASSERT_TRUE(status.ok());
    };
  };
  expect_found(with_name(""), {"other@: its number has no name"});
  expect_found(with_name("packed"), {"other@: its number"});
  expect_found(
      [](rocksdb::DB& db, const Families& families) {
        ASSERT_TRUE(db.Put({}, families[0], keys::name({77}), encode(NameRow{space, "x"})).ok());
      },
      {"@: there is a name of document 77, which does not exist"});
}

TEST_F(Verify, FindsMarksNotesAndChainValuesThatAreWrong) {
  const auto with_row = [](char tag, const std::string& document, const auto& damage) {
    return [=](rocksdb::DB& db, const Families& families) {
      std::string prefix(1, tag);
      put_big_endian(prefix, row_of(db, families, document).id.value);
      const auto found = rows(db, families[0], prefix);
      ASSERT_EQ(found.size(), 1u);
      ASSERT_TRUE(db.Put({}, families[0], found[0].first, damage(found[0].second)).ok());
    };
  };
  expect_found(
      with_row('K', "other", [](const std::string&) { return encode(MarkRow{{999}, {}, ""}); }),
      {"other@: the mark of producer 01010101010101010101010101010101 names sequence 999, which no record has"});
  expect_found(with_row('K', "other", [](const std::string&) { return std::string(1, '\xFF'); }),
               {"other@: a producer's mark is damaged"});
  expect_found(with_row('C', "runs", [](const std::string&) { return std::string(32, 'x'); }), {"runs@"});
  expect_found(with_row('C', "runs", [](const std::string&) { return std::string("x"); }), {"runs@"});
  expect_found(
      [](rocksdb::DB& db, const Families& families) {
        const DocumentRow row = row_of(db, families, "packed");
        ASSERT_TRUE(db.Put({}, families[0], keys::note(row.id, row.life, std::string(256, 'k')), "v").ok());
      },
      {"packed@: the key of a note is damaged"});
}

TEST_F(Verify, FindsWhatIsLeftOfDeletedDocuments) {
  const auto left = [](const std::function<void(rocksdb::DB&, const Families&, const DocumentRow&)>& put) {
    return [=](rocksdb::DB& db, const Families& families) { put(db, families, row_of(db, families, "gone")); };
  };
  expect_found(left([](auto& db, auto& families, auto& row) {
                 ASSERT_TRUE(db.Put({}, families[1], keys::run(row.id, row.life, {5}), "x").ok());
               }),
               {"gone@: runs of its life 1, which has ended, are left"});
  expect_found(left([](auto& db, auto& families, auto& row) {
                 ASSERT_TRUE(db.Put({}, families[2], keys::pack(row.id, row.life, {5}), "x").ok());
               }),
               {"gone@: packs of its life 1, which has ended, are left"});
  expect_found(left([](auto& db, auto& families, auto& row) {
                 ASSERT_TRUE(db.Put({}, families[0], keys::mark(row.id, {5}, producer()), encode(MarkRow{})).ok());
               }),
               {"gone@: 1 marks of a deleted document are left"});
  expect_found(left([](auto& db, auto& families, auto& row) {
                 ASSERT_TRUE(db.Put({}, families[0], keys::note(row.id, row.life, "k"), "v").ok());
               }),
               {"gone@: notes of its life 1, which has ended, are left"});
  expect_found(left([](auto& db, auto& families, auto& row) {
                 ASSERT_TRUE(db.Put({}, families[0], keys::chain_point(row.id, row.life, {5}), "v").ok());
               }),
               {"gone@: chain values of its life 1, which has ended, are left"});
}

TEST_F(Verify, FindsWhatBelongsToNothing) {
  const auto put = [](std::size_t family, const std::string& key) {
    return [=](rocksdb::DB& db, const Families& families) { ASSERT_TRUE(db.Put({}, families[family], key, "x").ok()); };
  };
  expect_found(put(1, keys::run({77}, {1}, {5})), {"@: there are runs of document 77, which does not exist"});
  expect_found(put(2, keys::pack({77}, {1}, {5})), {"@: there are packs of document 77, which does not exist"});
  expect_found(put(0, keys::mark({77}, {1}, producer())), {"@: there are marks of document 77, which does not exist"});
  expect_found(put(0, keys::note({77}, {1}, "k")), {"@: there are notes of document 77, which does not exist"});
  expect_found(put(0, keys::chain_point({77}, {1}, {5})),
               {"@: there are chain values of document 77, which does not exist"});
  expect_found(put(0, keys::document({9}, "x")), {"@: there are documents of space 9, which does not exist"});
  expect_found(put(0, keys::order({9}, {1})), {"@: there is an order of space 9, which does not exist"});
  expect_found(put(0, "Xyz"), {"@: there are rows that this version does not know, with the tag 88"});
  expect_found(put(1, "short"), {"@: a key is too short"});
}

}  // namespace
}  // namespace weir::storage
