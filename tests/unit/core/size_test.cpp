#include "terse/core/size.hpp"

#include "terse_catch.hpp"
#include "throws.hpp"

using namespace terse;
using namespace terse::core;

TEST_CASE("sizes are read as zstd and ls write them") {
  CHECK(parse_size("0") == 0);
  CHECK(parse_size("1234") == 1234);
  CHECK(parse_size("400M") == 400ull << 20);
  CHECK(parse_size("1.5GiB") == 3ull << 29);
  CHECK(parse_size("2GB") == 2000000000ull);
  CHECK(parse_size("1k") == 1024);
  CHECK(parse_size("7kB") == 7000);
  CHECK(parse_size("3TiB") == 3ull << 40);
  CHECK(parse_size("9007199254740993") == 9007199254740993ull);  // 2^53 + 1: not through a double
  CHECK(parse_size("9223372036854775808") == 1ull << 63);
}

TEST_CASE("anything else is a usage error that shows what was given") {
  for (const char* text : {"",
                           "M",
                           "-1",
                           "+1",
                           "1e3",
                           "1.2.3",
                           "1 M",
                           " 1",
                           "1MiBs",
                           "1Mb",
                           "1iB",
                           "1B",
                           "0x10",
                           "inf",
                           "nan",
                           ".5M",
                           "1P",
                           "9223372036854775809",
                           "99999999999999999999",
                           "8388609T",
                           "1e400",
                           "9000000.5T",
                           "1,5G"}) {
    INFO(text);
    CHECK(test::throws(Error::Usage, std::string("'") + text + "'", [&] { parse_size(text); }));
  }
}

TEST_CASE("sizes are shown with three significant digits") {
  CHECK(format_size(0) == "0 B");
  CHECK(format_size(17) == "17 B");
  CHECK(format_size(1023) == "1023 B");
  CHECK(format_size(1024) == "1.00 KiB");
  CHECK(format_size(10239) == "10.0 KiB");
  CHECK(format_size(446ull << 20) == "446 MiB");
  CHECK(format_size(3ull << 29) == "1.50 GiB");
  CHECK(format_size((1ull << 20) - 1) == "1.00 MiB");
  CHECK(format_size(1ull << 63) == "8.00 EiB");
  CHECK(format_size(~0ull) == "16.0 EiB");
}
