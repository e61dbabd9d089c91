#include "limited_process.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "terse/core/error.hpp"

namespace terse::tools::act_train {

namespace {

Error failure(const std::string& what) { return {Error::OutputFailed, what + ": " + std::strerror(errno)}; }

/// An unnamed file for a stream of the child: unlike a pipe it needs no reader beside the wait.
class StreamFile {
 public:
  StreamFile() : descriptor_(open_unnamed()) {}
  ~StreamFile() { close(descriptor_); }
  StreamFile(const StreamFile&) = delete;
  StreamFile& operator=(const StreamFile&) = delete;

  int descriptor() const { return descriptor_; }

  std::string content() const {
    std::string text;
    char buffer[4096];
    off_t at = 0;
    for (ssize_t got; (got = pread(descriptor_, buffer, sizeof buffer, at)) > 0; at += got) {
      text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
  }

 private:
  static int open_unnamed() {
    const int descriptor = memfd_create("trial", MFD_CLOEXEC);
    if (descriptor < 0) throw failure("memfd_create");
    return descriptor;
  }

  int descriptor_;
};

// Between fork and exec: only calls that are safe after a fork.
[[noreturn]] void become(const char* program, char* const* arguments, int output, int error, std::uint64_t limit) {
  const rlimit data{limit, limit};
  prctl(PR_SET_PDEATHSIG, SIGTERM);  // a search that is ended takes its trial with it
  if (dup2(output, STDOUT_FILENO) >= 0 && dup2(error, STDERR_FILENO) >= 0 && setrlimit(RLIMIT_DATA, &data) == 0) {
    execv(program, arguments);
  }
  _exit(127);
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto begin = text.rfind('\n');
  return begin == std::string::npos ? text : text.substr(begin + 1);
}

}  // namespace

LimitedResult run_limited(const std::string& program, const std::vector<std::string>& arguments, std::uint64_t limit) {
  const StreamFile output, error;
  std::vector<std::string> all{program};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& argument : all) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  const pid_t child = fork();
  if (child < 0) throw failure(program);
  if (child == 0) become(program.c_str(), pointers.data(), output.descriptor(), error.descriptor(), limit);
  int status = 0;
  rusage usage{};
  while (wait4(child, &status, 0, &usage) < 0) {
    if (errno != EINTR) throw failure(program);
  }
  LimitedResult result;
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.peak_resident_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  result.output = output.content();
  result.message = last_line(error.content());
  if (result.status == 127) throw Error(Error::OutputFailed, program + ": cannot be started");
  // Libraries that do not check malloc() end by SIGSEGV or abort() at the limit.
  result.out_of_memory = result.status == static_cast<int>(Error::Code::OutOfMemory) || WIFSIGNALED(status);
  return result;
}

}  // namespace terse::tools::act_train
