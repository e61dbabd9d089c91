#include "terse/core/lock.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "temporary_folder.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

using namespace terse;
using namespace terse::core;
using test::put;
using test::TemporaryFolder;

TEST_CASE("a locked file or folder is refused until the lock goes, whatever it is called") {
  const TemporaryFolder folder;
  const std::string path = folder.file("state");
  std::filesystem::create_symlink("state", folder.file("link"));
  {
    const Lock lock = Lock::of_file(path, "is taken");
    for (const char* name : {"state", "./state", "link"}) {
      CHECK(test::throws(Error::Busy, std::string(name) + ": is taken",
                         [&] { Lock::of_file(folder.file(name), "is taken"); }));
    }
    put(path, "made meanwhile");
    CHECK(test::throws(Error::Busy, "is taken", [&] { Lock::of_file(path, "is taken"); }));
    CHECK_NOTHROW(Lock::of_file(folder.file("other"), "is taken"));
  }
  CHECK_NOTHROW(Lock::of_file(path, "is taken"));
  CHECK(folder.entries() == 2);  // the file and the link

  {
    const Lock lock = Lock::of_folder(folder.path().string(), "is taken");
    CHECK(test::throws(Error::Busy, "is taken", [&] { Lock::of_folder(folder.path().string(), "is taken"); }));
  }
  CHECK_NOTHROW(Lock::of_folder(folder.path().string(), "is taken"));
}

TEST_CASE("a killed process leaves no lock") {
  const TemporaryFolder folder;
  const std::string path = folder.file("state");
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const Lock lock = Lock::of_file(path, "is taken");
    ::raise(SIGKILL);
  }
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  std::optional<Lock> lock;
  CHECK_NOTHROW(lock.emplace(Lock::of_file(path, "is taken")));
  lock.reset();
  CHECK(folder.entries() == 0);
}

TEST_CASE("what cannot be locked: a missing folder is an error, a device is not locked") {
  const TemporaryFolder folder;
  CHECK(test::throws(Error::OutputFailed, "missing", [&] { Lock::of_folder(folder.file("missing"), ""); }));
  CHECK(test::throws(Error::OutputFailed, "missing", [&] { Lock::of_file(folder.file("missing/state"), ""); }));
  const Lock one = Lock::of_file("/dev/null", ""), two = Lock::of_file("/dev/null", "");
}
