#include "table/passage.h"

#include <gtest/gtest.h>

namespace weft::table {
namespace {

Passage received_at(int second) { return {.received = Passage::Time(std::chrono::seconds(second))}; }

TEST(PassageTest, KeepsTheTimesOfWhatHasWaitedLongest) {
  Passage waiting = received_at(1);
  waiting.merge(received_at(2));
  EXPECT_EQ(waiting, received_at(1));
}

TEST(PassageTest, BeginsWithTheFirstThatChangedSomething) {
  Passage waiting;
  EXPECT_FALSE(waiting.set());
  waiting.merge(received_at(2));
  EXPECT_EQ(waiting, received_at(2));
  waiting.merge({});
  EXPECT_EQ(waiting, received_at(2));
}

}  // namespace
}  // namespace weft::table
