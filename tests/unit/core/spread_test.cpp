#include "terse/core/spread.hpp"

#include <algorithm>
#include <set>

#include "terse_catch.hpp"

namespace terse::core {
namespace {

TEST_CASE("few places are all of them") {
  CHECK(spread_places(0, 8).empty());
  CHECK(spread_places(3, 8) == std::vector<std::int64_t>{0, 1, 2});
  CHECK(spread_places(8, 8).size() == 8);
}

TEST_CASE("places spread over the whole and over the columns of any row") {
  for (const std::int64_t width : {2, 3, 32, 64, 128, 256, 512, 768, 1000, 1024}) {
    for (const std::int64_t rows : {1024, 2048, 3000, 8 * 1024, 1 << 20}) {
      const std::int64_t count = width * rows, most = 1024;
      const auto places = spread_places(count, most);
      CHECK(places.size() == static_cast<std::size_t>(most));
      std::set<std::int64_t> columns, parts;
      for (const auto place : places) {
        REQUIRE(place >= 0);
        REQUIRE(place < count);
        columns.insert(place % width);
        parts.insert(place / (count / 16));
      }
      CAPTURE(width, rows);
      CHECK(columns.size() * 2 >= static_cast<std::size_t>(std::min(width, most / 4)));
      CHECK(parts.size() >= 16);
    }
  }
}

}  // namespace
}  // namespace terse::core
