#include <fcntl.h>
#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "temporary_folder.hpp"
#include "terse/core/bytes.hpp"
#include "terse_catch.hpp"
#include "throws.hpp"

using namespace terse;
using namespace terse::core;
using test::bytes_of;
using test::content_of;
using test::put;
using test::TemporaryFolder;

namespace {

std::string text_of(const Bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Runs `body` with descriptor `which` replaced by `with`.
template <class Body>
void with_descriptor(int which, int with, Body&& body) {
  const int saved = ::dup(which);
  REQUIRE(saved >= 0);
  REQUIRE(::dup2(with, which) == which);
  try {
    body();
  } catch (...) {
    ::dup2(saved, which);
    ::close(saved);
    throw;
  }
  ::dup2(saved, which);
  ::close(saved);
}

}  // namespace

TEST_CASE("a missing file and a folder are no input") {
  const TemporaryFolder folder;
  CHECK(test::throws(Error::NoInput, folder.file("none"), [&] { open_source(folder.file("none")); }));
  CHECK(test::throws(Error::NoInput, folder.path().string(), [&] { open_source(folder.path().string()); }));
}

TEST_CASE("a regular file has a size and seeks") {
  const TemporaryFolder folder;
  put(folder.file("in"), "0123456789");
  const auto source = open_source(folder.file("in"));
  CHECK(source->size() == 10u);
  source->seek(7);
  CHECK(text_of(read_all(*source, 100)) == "789");
  source->seek(100);
  CHECK(read_all(*source, 100).empty());
  source->seek(0);
  CHECK(text_of(read_all(*source, 10)) == "0123456789");
  source->seek(0);
  CHECK(test::throws(Error::BadInput, folder.file("in"), [&] { read_all(*source, 9); }));
}

TEST_CASE("a file of /proc is read although its size says 0") {
  const auto source = open_source("/proc/self/status");
  CHECK(source->size() == std::nullopt);
  CHECK(text_of(read_all(*source, 1 << 20)).find("VmRSS") != std::string::npos);
}

TEST_CASE("a pipe has no size, does not seek, and short reads are joined") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  ssize_t written = 0;  // Catch's checks belong to the main thread
  std::thread writer([&] {
    for (int i = 0; i < 10; ++i) {
      written += ::write(ends[1], "abcde", 5);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ::close(ends[1]);
  });
  with_descriptor(0, ends[0], [] {
    const auto source = open_source("-");
    CHECK(source->name() == "standard input");
    CHECK(source->size() == std::nullopt);
    CHECK(test::throws(Error::Internal, "cannot seek", [&] { source->seek(0); }));
    Bytes first(33);
    CHECK(source->read(first) == 33);
    CHECK(read_all(*source, 100).size() == 17);
  });
  writer.join();
  CHECK(written == 50);
  ::close(ends[0]);
}

TEST_CASE("standard input that was read in part counts from where it stands") {
  const TemporaryFolder folder;
  put(folder.file("in"), "0123456789");
  const int descriptor = ::open(folder.file("in").c_str(), O_RDONLY);
  REQUIRE(descriptor >= 0);
  REQUIRE(::lseek(descriptor, 4, SEEK_SET) == 4);
  with_descriptor(0, descriptor, [] {
    const auto source = open_source("-");
    CHECK(source->size() == 6u);
    source->seek(1);
    CHECK(text_of(read_all(*source, 100)) == "56789");
  });
  ::close(descriptor);
}

TEST_CASE("a full device is an output failure that names it") {
  const auto sink = open_sink("/dev/full", Content::Binary);
  const auto write = [&] {
    sink->write(bytes_of("x"));
    sink->finish();
  };
  CHECK(test::throws(Error::OutputFailed, "/dev/full: No space left", write));
  const std::string large(200000, 'x');
  CHECK(test::throws(Error::OutputFailed, "/dev/full", [&] { sink->write(bytes_of(large)); }));
}

TEST_CASE("a device is written in place, not replaced") {
  const auto sink = open_sink("/dev/null", Content::Binary);
  sink->write(bytes_of("x"));
  sink->finish();
  CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("a descriptor of the process is written where it stands, not opened anew") {
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  const auto write_by = [&](const std::string& name) {
    const auto sink = open_sink(name, Content::Binary);
    sink->write(bytes_of("new"));
    sink->finish();
  };
  struct How {
    int flags;
    off_t at;
    std::string expected;
  };
  const bool linked = GENERATE(false, true);
  for (const How& how :
       {How{O_RDWR, 0, "new"}, How{O_RDWR, 2, "olnew file"}, How{O_RDWR | O_APPEND, 0, "old long filenew"}}) {
    put(path, how.at == 2 ? "ol___ file" : "old long file");
    const int descriptor = ::open(path.c_str(), how.flags);
    REQUIRE(descriptor >= 0);
    REQUIRE(::lseek(descriptor, how.at, SEEK_SET) == how.at);
    std::string name = (linked ? "/dev/fd/" : "/proc/self/fd/") + std::to_string(descriptor);
    if (linked) {
      std::filesystem::remove(folder.file("link"));
      std::filesystem::create_symlink(name, folder.file("link"));
      name = folder.file("link");
    }
    write_by(name);
    CHECK(content_of(path) == how.expected);
    ::close(descriptor);
    CHECK(test::throws(Error::OutputFailed, name, [&] { write_by(name); }));
  }
}

TEST_CASE("a regular file is replaced whatever folder it lies in") {
  const std::string path = "/dev/shm/terse-test-" + std::to_string(::getpid());
  put(path, "longer than what comes");
  if (content_of(path).empty()) return;  // there is no /dev/shm
  const auto sink = open_sink(path, Content::Binary);
  sink->write(bytes_of("new"));
  CHECK(content_of(path) == "longer than what comes");
  sink->finish();
  CHECK(content_of(path) == "new");
  std::filesystem::remove(path);
}

TEST_CASE("a pipe with a name is written in place") {
  const TemporaryFolder folder;
  const std::string path = folder.file("fifo");
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  std::string received;
  std::thread reader([&] { received = text_of(read_all(*open_source(path), 100)); });
  {
    const auto sink = open_sink(path, Content::Binary);
    sink->write(bytes_of("through the pipe"));
    sink->finish();
  }
  reader.join();
  CHECK(received == "through the pipe");
  CHECK(std::filesystem::is_fifo(path));
}

TEST_CASE("a path is replaced whole, a folder is refused") {
  const TemporaryFolder folder;
  const auto sink = open_sink(folder.file("out"), Content::Text);
  sink->write(bytes_of("text"));
  CHECK_FALSE(std::filesystem::exists(folder.file("out")));
  sink->finish();
  CHECK(content_of(folder.file("out")) == "text");
  CHECK(test::throws(Error::OutputFailed, folder.path().string(),
                     [&] { open_sink(folder.path().string(), Content::Text); }));
}

TEST_CASE("binary to a terminal is refused, text is not") {
  int master = -1, terminal = -1;
  if (::openpty(&master, &terminal, nullptr, nullptr, nullptr) != 0) {
    WARN("no pseudo-terminal here");
    return;
  }
  const std::string name = ::ttyname(terminal);
  std::optional<Error> refused, allowed, refused_by_name;
  with_descriptor(1, terminal, [&] {
    refused = test::error_of([] { open_sink("-", Content::Binary); });
    allowed = test::error_of([] { open_sink("-", Content::Text); });
    refused_by_name = test::error_of([&] { open_sink(name, Content::Binary); });
  });
  ::close(terminal);
  ::close(master);
  REQUIRE(refused);
  CHECK(refused->code() == Error::Usage);
  CHECK(std::string(refused->what()).find("-o FILE") != std::string::npos);
  CHECK_FALSE(allowed);
  REQUIRE(refused_by_name);
  CHECK(refused_by_name->code() == Error::Usage);
}

TEST_CASE("standard output's reader going away ends the writer by SIGPIPE") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    ::dup2(ends[1], 1);
    const auto sink = open_sink("-", Content::Binary);
    for (;;) sink->write(bytes_of("line\n"));
  }
  ::close(ends[1]);
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGPIPE);
}

TEST_CASE("memory as source and sink") {
  Bytes stored;
  const auto sink = memory_sink(stored);
  sink->write(bytes_of("abc"));
  sink->write({});
  sink->write(bytes_of("def"));
  sink->finish();
  const auto source = memory_source(stored, "buffer");
  CHECK(source->size() == 6u);
  CHECK(source->name() == "buffer");
  source->seek(2);
  CHECK(text_of(read_all(*source, 4)) == "cdef");
  CHECK(read_all(*memory_source({}, "empty"), 0).empty());
}
