#include "terse/core/atomic_file.hpp"
#include "terse/core/temporaries.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "temporary_folder.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

using namespace terse;
using namespace terse::core;
using test::bytes_of;
using test::content_of;
using test::put;
using test::TemporaryFolder;

TEST_CASE("an atomic file appears on finish, and only then") {
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  put(path, "old");
  {
    AtomicFile file(path);
    file.write(bytes_of("new "));
    file.write(bytes_of("content"));
    file.flush();
    CHECK(content_of(path) == "old");
    CHECK(folder.entries() == 2);
    file.finish();
    CHECK(content_of(path) == "new content");
  }
  CHECK(folder.entries() == 1);
}

TEST_CASE("content larger than the buffer arrives whole") {
  const TemporaryFolder folder;
  std::string expected;
  {
    AtomicFile file(folder.file("out"));
    for (int i = 0; i < 3000; ++i) {
      const std::string piece(static_cast<std::size_t>(i) * 7 % 9000, static_cast<char>('a' + i % 26));
      file.write(bytes_of(piece));
      expected += piece;
    }
    file.finish();
  }
  CHECK(content_of(folder.file("out")) == expected);
}

TEST_CASE("without finish the temporary goes and the old file stays") {
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  put(path, "old");
  {
    AtomicFile file(path);
    file.write(bytes_of("half"));
  }
  CHECK(content_of(path) == "old");
  CHECK(folder.entries() == 1);
}

TEST_CASE("two outputs of the same file are refused, whatever they call it; one after the other is fine") {
  const TemporaryFolder folder;
  const std::string path = folder.file("result");
  {
    AtomicFile first(path);
    CHECK_THROWS_WITH(AtomicFile(folder.file("./result")), Catch::Contains("named for two outputs"));
    first.finish();
  }
  AtomicFile second(path);
  second.finish();
}

TEST_CASE("permissions: the umask for a new file, the old ones for a replaced file") {
  const TemporaryFolder folder;
  const auto mode_after_writing = [&](const char* name) {
    AtomicFile file(folder.file(name));
    file.finish();
    struct stat status {};
    REQUIRE(::stat(folder.file(name).c_str(), &status) == 0);
    return status.st_mode & 07777;
  };
  const mode_t umask_before = ::umask(027);
  CHECK(mode_after_writing("fresh") == 0640);
  ::umask(umask_before);
  put(folder.file("private"), "x");
  REQUIRE(::chmod(folder.file("private").c_str(), 0600) == 0);
  CHECK(mode_after_writing("private") == 0600);
}

TEST_CASE("a symbolic link stays and its target is replaced") {
  const TemporaryFolder folder;
  put(folder.file("target"), "old");
  std::filesystem::create_symlink("target", folder.file("link"));
  {
    AtomicFile file(folder.file("link"));
    file.write(bytes_of("new"));
    file.finish();
  }
  CHECK(std::filesystem::is_symlink(folder.file("link")));
  CHECK(content_of(folder.file("target")) == "new");
}

TEST_CASE("a name as long as a folder allows still has a temporary") {
  const TemporaryFolder folder;
  const std::string path = folder.file(std::string(255, 'n'));
  AtomicFile file(path);
  file.write(bytes_of("x"));
  file.finish();
  CHECK(content_of(path) == "x");
}

TEST_CASE("a folder that does not exist is an output failure naming the file") {
  const TemporaryFolder folder;
  const std::string path = folder.file("missing/out");
  CHECK(test::throws(Error::OutputFailed, path, [&] { AtomicFile file(path); }));
}

TEST_CASE("more outputs at once than the signal table holds is an error, not an overrun") {
  const TemporaryFolder folder;
  std::vector<std::unique_ptr<AtomicFile>> files;
  const auto open_many = [&] {
    for (int i = 0; i < 100; ++i) files.push_back(std::make_unique<AtomicFile>(folder.file(std::to_string(i))));
  };
  CHECK(test::throws(Error::OutputFailed, "output files at once", open_many));
  CHECK(files.size() == 64);
  files.clear();
  CHECK(folder.entries() == 0);
  AtomicFile file(folder.file("again"));
  file.finish();
}

namespace {

/// A child that has begun to replace `path` and waits; returns once its temporary exists.
pid_t start_writing(const std::string& path, int ignored_signal = 0) {
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ready[0]);
    for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal_number, SIG_DFL);
    if (ignored_signal != 0) ::signal(ignored_signal, SIG_IGN);
    remove_temporaries_on_signal();
    AtomicFile file(path);
    file.write(bytes_of("half"));
    file.flush();
    if (::write(ready[1], "r", 1) != 1) ::_exit(99);
    for (;;) ::pause();
  }
  ::close(ready[1]);
  char byte = 0;
  const ssize_t count = ::read(ready[0], &byte, 1);
  ::close(ready[0]);
  REQUIRE(count == 1);
  return child;
}

}  // namespace

TEST_CASE("a signal removes the temporary, keeps the old file and ends by that signal") {
  const int signal_number = GENERATE(SIGINT, SIGTERM, SIGHUP);
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  put(path, "old");
  const pid_t child = start_writing(path);
  CHECK(folder.entries() == 2);
  REQUIRE(::kill(child, signal_number) == 0);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == signal_number);
  CHECK(content_of(path) == "old");
  CHECK(folder.entries() == 1);
}

TEST_CASE("what a killed writer left is removed, and nothing else") {
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  put(path, "old");
  for (const char* other :
       {".out.tmp", ".out.0123456789abcdeg.tmp", ".out2.0123456789abcdef.tmp", "out.0123456789abcdef.tmp"}) {
    put(folder.file(other), "other");
  }
  const pid_t child = start_writing(path);
  CHECK(folder.entries() == 6);
  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK(folder.entries() == 6);
  remove_abandoned_temporaries(path);
  CHECK(folder.entries() == 5);
  CHECK(content_of(path) == "old");
  remove_abandoned_temporaries(folder.file("absent/out"));  // no such folder: nothing to remove
}

TEST_CASE("a signal ignored from the start stays ignored") {
  const TemporaryFolder folder;
  const pid_t child = start_writing(folder.file("out"), SIGHUP);
  REQUIRE(::kill(child, SIGHUP) == 0);
  REQUIRE(::kill(child, SIGTERM) == 0);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGTERM);
}
