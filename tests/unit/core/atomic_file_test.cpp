#include "terse/core/atomic_file.hpp"
#include "terse/core/temporaries.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
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

// The linker leads these calls here (--wrap), so that file systems and their failures can be had at will.
namespace {

bool without_unnamed_files = false;
std::function<int()> instead_of_fsync, instead_of_rename;  // empty: the real one

/// For a test's length: a file system that has named files alone, where `named`.
struct FileSystem {
  explicit FileSystem(bool named) { without_unnamed_files = named; }
  ~FileSystem() {
    without_unnamed_files = false;
    instead_of_fsync = instead_of_rename = nullptr;
  }
};

int failing(int error_number) {
  errno = error_number;
  return -1;
}

}  // namespace

extern "C" {

int __real_open(const char* path, int flags, mode_t mode);
int __real_fsync(int descriptor);
int __real_rename(const char* from, const char* to);

int __wrap_open(const char* path, int flags, mode_t mode) {
  if (without_unnamed_files && (flags & O_TMPFILE) == O_TMPFILE) return failing(EOPNOTSUPP);
  return __real_open(path, flags, mode);
}

int __wrap_fsync(int descriptor) { return instead_of_fsync ? instead_of_fsync() : __real_fsync(descriptor); }

int __wrap_rename(const char* from, const char* to) {
  return instead_of_rename ? instead_of_rename() : __real_rename(from, to);
}

}  // extern "C"

TEST_CASE("an atomic file appears on finish, and only then") {
  const bool named = GENERATE(false, true);
  const FileSystem file_system(named);
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  put(path, "old");
  {
    AtomicFile file(path);
    file.write(bytes_of("new "));
    file.write(bytes_of("content"));
    file.flush();
    CHECK(content_of(path) == "old");
    CHECK(folder.entries() == (named ? 2 : 1));
    file.finish();
    CHECK(content_of(path) == "new content");
    CHECK(folder.entries() == 1);
  }
  CHECK(folder.entries() == 1);
}

TEST_CASE("a name that came into being meanwhile is replaced, too") {
  const FileSystem file_system(GENERATE(false, true));
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  AtomicFile file(path);
  file.write(bytes_of("ours"));
  put(path, "another's");
  file.finish();
  CHECK(content_of(path) == "ours");
  CHECK(folder.entries() == 1);
}

TEST_CASE("what fails before the name is taken is an error that leaves nothing, what fails later a warning") {
  const FileSystem file_system(GENERATE(false, true));
  const bool replaces = GENERATE(false, true);
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  if (replaces) put(path, "old");
  const auto write = [&] {
    AtomicFile file(path);
    file.write(bytes_of("new"));
    file.finish();
  };
  const auto check_unchanged = [&] {
    CHECK(folder.entries() == (replaces ? 1 : 0));
    if (replaces) CHECK(content_of(path) == "old");
    CHECK(take_output_warnings().empty());
  };
  instead_of_fsync = [] { return failing(EIO); };
  CHECK(test::throws(Error::OutputFailed, path + ": Input/output error", write));
  check_unchanged();
  instead_of_fsync = nullptr;
  if (replaces || without_unnamed_files) {
    instead_of_rename = [] { return failing(EACCES); };
    CHECK(test::throws(Error::OutputFailed, path + ": Permission denied", write));
    check_unchanged();
    instead_of_rename = nullptr;
  }

  int calls = 0;  // the second call is for the folder, when the output has its name
  instead_of_fsync = [&] { return ++calls == 1 ? 0 : failing(EIO); };
  CHECK_NOTHROW(write());
  CHECK(content_of(path) == "new");
  const auto warnings = take_output_warnings();
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0] ==
        path + ": is complete, but its folder could not be synchronised to the disk: Input/output error");
  CHECK(take_output_warnings().empty());
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
  const FileSystem file_system(GENERATE(false, true));
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
  const FileSystem file_system(GENERATE(false, true));
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

TEST_CASE("a link to a file that is not there yet stays, and the file is made") {
  const TemporaryFolder folder;
  std::filesystem::create_symlink("second", folder.file("first"));
  std::filesystem::create_symlink("target", folder.file("second"));
  {
    AtomicFile file(folder.file("first"));
    file.write(bytes_of("new"));
    file.finish();
  }
  CHECK(std::filesystem::is_symlink(folder.file("first")));
  CHECK(std::filesystem::is_symlink(folder.file("second")));
  CHECK(content_of(folder.file("target")) == "new");
  std::filesystem::create_symlink("loop", folder.file("loop"));
  CHECK(test::throws(Error::OutputFailed, "loop", [&] { AtomicFile file(folder.file("loop")); }));
}

TEST_CASE("a name as long as a folder allows still has a temporary") {
  const FileSystem file_system(GENERATE(false, true));
  const TemporaryFolder folder;
  const std::string path = folder.file(std::string(255, 'n'));
  put(path, "old");
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

TEST_CASE("more named temporaries at once than the signal table holds is an error, not an overrun") {
  const FileSystem file_system(/*named=*/true);
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

/// A child that has begun to replace `path` and waits; returns once it has written something.
pid_t start_writing(const std::string& path, int ignored_signal = 0) {
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ready[0]);
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);  // the test framework's go
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

/// The signal that ended the child, 0 where it ended by itself.
int ending_of(pid_t child) {
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/// Whether a process that does nothing about the signal is ended by it, as the system has it.
bool ends_a_process(int number) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::signal(number, SIG_DFL);
    ::raise(number);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, WUNTRACED) == child);
  if (WIFSTOPPED(status)) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  return WIFSIGNALED(status);
}

}  // namespace

TEST_CASE("every signal that ends a process leaves the old file alone, and ends by that signal") {
  const bool named = GENERATE(false, true);
  const FileSystem file_system(named);
  int tried = 0;
  for (int number = 1; number <= SIGRTMAX; ++number) {
    if ((number > 31 && number < SIGRTMIN) || !ends_a_process(number)) continue;
    INFO("signal " << number);
    ++tried;
    const TemporaryFolder folder;
    const std::string path = folder.file("out");
    put(path, "old");
    const pid_t child = start_writing(path);
    CHECK(folder.entries() == (named ? 2 : 1));
    REQUIRE(::kill(child, number) == 0);
    CHECK(ending_of(child) == number);
    CHECK(content_of(path) == "old");
    CHECK(folder.entries() == (named && number == SIGKILL ? 2 : 1));
  }
  CHECK(tried > 20);
}

TEST_CASE("what a killed writer left goes when the next begins, and nothing else; a living one's stays") {
  const FileSystem file_system(/*named=*/true);
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  put(path, "old");
  for (const char* other :
       {".out.tmp", ".out.0123456789abcdeg.tmp", ".out2.0123456789abcdef.tmp", "out.0123456789abcdef.tmp"}) {
    put(folder.file(other), "other");
  }
  std::filesystem::create_directory(folder.file(".out.0123456789abcdef.tmp"));
  const pid_t killed = start_writing(path), living = start_writing(path);
  CHECK(folder.entries() == 8);
  REQUIRE(::kill(killed, SIGKILL) == 0);
  CHECK(ending_of(killed) == SIGKILL);
  CHECK(folder.entries() == 8);
  { AtomicFile next(path); }
  CHECK(folder.entries() == 7);
  CHECK(content_of(path) == "old");
  REQUIRE(::kill(living, SIGTERM) == 0);
  CHECK(ending_of(living) == SIGTERM);
  CHECK(folder.entries() == 6);
}

TEST_CASE("a writer killed between its file's two names leaves one, which the next removes") {
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  put(path, "old");
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    instead_of_rename = [] { return ::raise(SIGKILL); };
    AtomicFile file(path);
    file.write(bytes_of("new"));
    file.finish();
    ::_exit(0);
  }
  CHECK(ending_of(child) == SIGKILL);
  CHECK(content_of(path) == "old");
  CHECK(folder.entries() == 2);
  {
    AtomicFile file(path);
    file.write(bytes_of("next"));
    file.finish();
  }
  CHECK(content_of(path) == "next");
  CHECK(folder.entries() == 1);
}

TEST_CASE("a signal ignored from the start stays ignored") {
  const TemporaryFolder folder;
  const pid_t child = start_writing(folder.file("out"), SIGHUP);
  REQUIRE(::kill(child, SIGHUP) == 0);
  REQUIRE(::kill(child, SIGTERM) == 0);
  CHECK(ending_of(child) == SIGTERM);
}
