#include "common/standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>

#include "terse/core/bytes.hpp"
#include "terse/core/error.hpp"

namespace terse::tools {

void hold_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    // The wrong direction, so that use of the stream is still an error. open() takes the lowest free number:
    // this one.
    (void)open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

void print(std::string_view text) {
  const auto sink = core::open_sink("-", core::Content::Text);
  sink->write(core::as_bytes(text.data(), text.size()));
  sink->finish();
}

void flush_standard_output() {
  std::cout.flush();
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0 || !std::cout) {
    throw Error(Error::OutputFailed, "standard output: " + std::string(std::strerror(errno)));
  }
}

}  // namespace terse::tools
