#include <gtest/gtest.h>

#include "weir/vocabulary/digest.hpp"

namespace weir {
namespace {

TEST(Names, KeepWhatIsLegal) {
  for (const char* text : {"a", "acme-notes", "with/slash", "with space", "żółć", "日本", "\xF0\x9F\x92\xA7"}) {
    const auto space = SpaceName::parse(text);
    ASSERT_TRUE(space) << text;
    EXPECT_EQ(space->text(), text);
  }
  EXPECT_TRUE(DocumentName::parse(std::string(1024, 'd')));
}

TEST(Names, RefuseWhatIsNot) {
  const std::string illegal[] = {"",
                                 std::string(256, 's'),
                                 "tab\t",
                                 std::string("nul\0", 4),
                                 "\x7F",
                                 "\xC2\x85",
                                 "\xC0\xAF",
                                 "\xED\xA0\x80",
                                 "\xF4\x90\x80\x80",
                                 "\xE2\x82"};
  for (const std::string& text : illegal) {
    const auto space = SpaceName::parse(text);
    ASSERT_FALSE(space) << to_hex(text);
    EXPECT_EQ(space.error().code, Code::invalid_argument);
    EXPECT_NE(space.error().message.find("space name"), std::string::npos);
  }
  EXPECT_FALSE(DocumentName::parse(std::string(1025, 'd')));
}

TEST(Digest, IsSha256) {
  // FIPS 180-2, appendix B.1.
  EXPECT_EQ(sha256("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, IsTheSameOfPieces) {
  const std::string bytes(100'000, 'x');
  for (const std::size_t piece : {1u, 63u, 64u, 99'999u, 100'000u}) {
    Sha256 digest;
    for (std::size_t at = 0; at < bytes.size(); at += piece) digest.add(std::string_view(bytes).substr(at, piece));
    digest.add("");
    EXPECT_EQ(digest.finish(), sha256(bytes));
  }
  EXPECT_EQ(Sha256().finish(), sha256(""));
}

TEST(Chain, NamesEveryPartOfARecord) {
  const DocumentPath path{*SpaceName::parse("s"), *DocumentName::parse("d")};
  const ProducerId producer = *ProducerId::parse("0123456789abcdef");
  const Digest start = chain_start(path);
  const Digest one = chain_next(start, producer, {1}, {0}, "x");
  EXPECT_NE(one, start);
  EXPECT_NE(one, chain_next(start, producer, {2}, {0}, "x"));
  EXPECT_NE(one, chain_next(start, producer, {1}, {1}, "x"));
  EXPECT_NE(one, chain_next(start, producer, {1}, {0}, "y"));
  EXPECT_NE(one, chain_next(start, *ProducerId::parse("0123456789abcdeF"), {1}, {0}, "x"));
  // Names are length-prefixed, so they cannot run into each other.
  EXPECT_NE(chain_start({*SpaceName::parse("ab"), *DocumentName::parse("c")}),
            chain_start({*SpaceName::parse("a"), *DocumentName::parse("bc")}));
}

TEST(Epoch, DiffersByStoreAndByLife) {
  StoreIncarnation store;
  store.bytes[0] = std::byte{1};
  EXPECT_NE(derive_epoch(store, 1), derive_epoch(store, 2));
  EXPECT_NE(derive_epoch(store, 1), derive_epoch(StoreIncarnation{}, 1));
}

}  // namespace
}  // namespace weir
