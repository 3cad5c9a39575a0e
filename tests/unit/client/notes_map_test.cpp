// The example's map: whatever the order, everyone who has the same deltas has the same map.
#include "notes_map.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace notes {
namespace {

Replica replica(char fill) {
  Replica replica;
  replica.fill(fill);
  return replica;
}

std::string shown(const NotesMap& map) {
  std::string shown;
  for (const Write& note : map.all()) shown += note.name + "=" + note.text.value() + ";";
  return shown;
}

std::string written(NotesMap& map, std::string_view name, const Text& text) {
  std::string delta = map.write(name, text).value();
  EXPECT_TRUE(map.apply(delta));
  return delta;
}

TEST(NotesMap, IsTheSameInWhateverOrderDeltasCome) {
  NotesMap ada(replica('a'));
  NotesMap bob(replica('b'));
  std::vector<std::string> deltas{written(ada, "milk", "1"), written(ada, "milk", "2"), written(bob, "milk", "3"),
                                  written(bob, "bread", "4"), written(ada, "bread", std::nullopt)};
  std::sort(deltas.begin(), deltas.end());
  std::string first;
  do {
    NotesMap map(replica('c'));
    for (const std::string& delta : deltas) map.apply(delta);
    for (const std::string& delta : deltas) EXPECT_FALSE(map.apply(delta));  // again: nothing
    if (first.empty()) first = shown(map);
    ASSERT_EQ(shown(map), first);
  } while (std::next_permutation(deltas.begin(), deltas.end()));
  EXPECT_EQ(first, "bread=4;milk=2;");  // clock 2 before 1; of two with clock 1, replica b
}

TEST(NotesMap, LetsAWriteWinOverWhatItsAuthorSaw) {
  NotesMap ada(replica('z'));
  NotesMap bob(replica('a'));
  bob.apply(written(ada, "milk", "1"));
  ada.apply(written(bob, "milk", "2"));
  EXPECT_EQ(shown(ada), "milk=2;");
  ada.apply(written(bob, "milk", std::nullopt));
  EXPECT_EQ(shown(ada), "");
  written(ada, "milk", "");
  EXPECT_EQ(shown(ada), "milk=;");
}

TEST(NotesMap, MakesItselfAgainFromItsDeltas) {
  NotesMap map(replica('a'));
  written(map, "milk", "1");
  written(map, "bread", "2");
  written(map, "bread", std::nullopt);
  NotesMap other(replica('b'));
  for (const std::string& delta : map.deltas()) other.apply(delta);
  EXPECT_EQ(shown(other), "milk=1;");
  EXPECT_FALSE(other.apply(map.deltas().front()));
}

TEST(NotesMap, IgnoresWhatIsNoDelta) {
  NotesMap author(replica('a'));
  const std::string delta = author.write("ab", "c").value();
  NotesMap map(replica('b'));
  for (std::size_t size = 0; size < delta.size() - 1; ++size) EXPECT_FALSE(map.apply(delta.substr(0, size)));
  const auto changed = [&](std::size_t at, char byte) {
    std::string bad = delta;
    bad[at] = byte;
    return bad;
  };
  EXPECT_FALSE(map.apply(changed(0, 2)));               // another version
  EXPECT_FALSE(map.apply(changed(1, 1)));               // a clock that JavaScript cannot hold
  EXPECT_FALSE(map.apply(changed(25, 2)));              // no kind
  EXPECT_FALSE(map.apply(changed(25, 0)));              // removed, with a text
  EXPECT_FALSE(map.apply(changed(27, 0)));              // no name
  EXPECT_FALSE(map.apply(changed(28, '\xff')));         // a name that is not UTF-8
  EXPECT_FALSE(map.apply(delta + "\xed\xa0\x80"));      // a surrogate
  EXPECT_FALSE(map.apply(delta + "\xc0\x80"));          // too long a form
  EXPECT_FALSE(map.apply(delta + "\xf4\x90\x80\x80"));  // beyond Unicode
  EXPECT_FALSE(map.apply(delta + "\xe2\x82"));          // cut off
  EXPECT_EQ(shown(map), "");
  EXPECT_TRUE(map.apply(delta + "\xf0\x9d\x84\x9e"));
}

TEST(NotesMap, RefusesToWriteWhatNobodyWouldTake) {
  NotesMap map(replica('a'));
  EXPECT_FALSE(map.write("", "text"));
  EXPECT_FALSE(map.write(std::string(65'536, 'x'), "text"));
  EXPECT_FALSE(map.write("name", "\xff"));
  std::string last = map.write("name", "text").value();
  last.replace(1, 8, std::string("\0\x1f\xff\xff\xff\xff\xff\xff", 8));
  ASSERT_TRUE(map.apply(last));
  EXPECT_FALSE(map.write("name", "after the last clock"));
}

}  // namespace
}  // namespace notes
