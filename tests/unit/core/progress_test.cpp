#include "terse/core/progress.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <thread>

#include "temporary_folder.hpp"
#include "terse_catch.hpp"

using namespace terse::core;

namespace {

/// What `body` writes to standard error.
template <class Body>
std::string standard_error_of(Body&& body) {
  const terse::test::TemporaryFolder folder;
  const int file = ::open(folder.file("err").c_str(), O_WRONLY | O_CREAT, 0600);
  const int saved = ::dup(2);
  REQUIRE((file >= 0 && saved >= 0));
  ::dup2(file, 2);
  body();
  ::dup2(saved, 2);
  ::close(saved);
  ::close(file);
  return terse::test::content_of(folder.file("err"));
}

}  // namespace

TEST_CASE("nothing is shown unless enabled") {
  CHECK(standard_error_of([] {
          Progress progress("step", 10, false);
          progress.update(5);
        }).empty());
}

TEST_CASE("done, total, percentage and note are shown, and the line is cleared at the end") {
  const std::string shown = standard_error_of([] {
    Progress progress("step", 200, true);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    progress.update(50, "loss 0.5");
  });
  CHECK(shown.find("step  50/200  25%") != std::string::npos);
  CHECK(shown.find("/s  0:0") != std::string::npos);
  CHECK(shown.find(" left  loss 0.5") != std::string::npos);
  CHECK(shown.substr(shown.size() - 4) == "\r\x1b[K");
  CHECK(shown.find('\n') == std::string::npos);
}

TEST_CASE("an unknown total shows what is done") {
  const std::string shown = standard_error_of([] {
    Progress progress("records", 0, true);
    progress.update(7);
  });
  CHECK(shown.find("records  7") != std::string::npos);
  CHECK(shown.find('%') == std::string::npos);
}

TEST_CASE("at most ten updates a second, and never wider than the terminal") {
  const std::string shown = standard_error_of([] {
    Progress progress("step", 1000, true);
    for (std::uint64_t i = 0; i < 1000; ++i) progress.update(i, std::string(500, 'x'));
  });
  CHECK(shown.size() < 20 * 90);
}

TEST_CASE("the user's word beats the terminal") {
  CHECK(Progress::wanted(true, false));
  CHECK_FALSE(Progress::wanted(false, true));
  CHECK_FALSE(Progress::wanted(true, true));
}
