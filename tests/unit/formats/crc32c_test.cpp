#include "terse/formats/container/crc32c.hpp"

#include <string>
#include <string_view>

#include "terse/core/bytes.hpp"
#include "terse/core/philox.hpp"
#include "terse_catch.hpp"

using namespace terse;
using formats::crc32c;
using formats::crc32c_portable;

TEST_CASE("CRC-32C gives the published values") {
  const auto of = [](std::string_view text) { return core::as_bytes(text.data(), text.size()); };
  // RFC 3720 appendix B.4, and the check value of the polynomial's catalogue entry.
  CHECK(crc32c(of("")) == 0);
  CHECK(crc32c(of("123456789")) == 0xE3069283u);
  const std::string zeros(32, 0), ones(32, static_cast<char>(-1));
  CHECK(crc32c(of(zeros)) == 0x8A9136AAu);
  CHECK(crc32c(of(ones)) == 0x62A8AB43u);
}

TEST_CASE("CRC-32C by instruction and by tables agree at every length and alignment") {
  core::RandomSequence random({.seed = 1, .stream = 2, .step = 3});
  core::Bytes bytes(300);
  for (std::byte& b : bytes) b = static_cast<std::byte>(random.word());
  for (std::size_t begin = 0; begin < 9; ++begin)
    for (std::size_t size = 0; begin + size <= bytes.size(); ++size) {
      const auto piece = std::span(bytes).subspan(begin, size);
      REQUIRE(crc32c(piece) == crc32c_portable(piece));
    }
}
