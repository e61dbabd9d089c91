#include "relsim-score/gnuplot.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "terse/core/bytes.hpp"
#include "terse/core/error.hpp"
#include "terse/core/table.hpp"

namespace terse::tools::relsim_score {
namespace {

namespace fs = std::filesystem;

/// A folder of its own for the files of a plot, which goes with it.
class PlotFolder {
 public:
  PlotFolder() : path_((fs::temp_directory_path() / "terse-plot-XXXXXX").string()) {
    if (!mkdtemp(path_.data())) throw Error(Error::OutputFailed, path_ + ": cannot be made");
  }
  ~PlotFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  PlotFolder(const PlotFolder&) = delete;
  PlotFolder& operator=(const PlotFolder&) = delete;

  void write(const std::string& name, const std::string& text) const {
    const fs::path file = fs::path(path_) / name;
    std::ofstream stream(file, std::ios::binary);
    stream << text;
    stream.close();
    if (!stream) throw Error(Error::OutputFailed, file.string() + ": cannot be written");
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// What gnuplot writes to its standard output, run in `folder`; nothing where it is missing or fails.
std::string run_gnuplot(const std::string& folder) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw Error(Error::OutOfMemory, "no pipe for gnuplot");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::array<std::string, 3> words = {"gnuplot", "--default-settings", "script"};
  std::array<char*, 4> arguments = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  pid_t child = 0;
  const int failure = posix_spawnp(&child, "gnuplot", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string drawn;
  std::array<char, 65536> block;
  ssize_t got = 0;
  while (failure == 0 && (got = read(ends[0], block.data(), block.size())) != 0) {
    if (got > 0) drawn.append(block.data(), static_cast<std::size_t>(got));
    if (got < 0 && errno != EINTR) break;
  }
  close(ends[0]);
  if (failure != 0) return {};
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? drawn : std::string();
}

}  // namespace

std::string plot_field(const std::string& name) {
  std::string field = name;
  for (char& c : field) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    if (c == '"') c = '\'';  // would begin a quoted field
  }
  return field;
}

void write_plot(const std::string& script, const std::map<std::string, std::string>& data, const std::string& path) {
  const PlotFolder folder;
  for (const auto& [name, text] : data) folder.write(name, text);
  folder.write("script", "set datafile separator '\t'\nset datafile commentschars ''\n" + script);
  const std::string svg = run_gnuplot(folder.path());
  if (svg.empty()) throw Error(Error::Usage, "a plot needs gnuplot, which is missing or failed");
  const auto sink = core::open_sink(path, core::Content::Text);
  core::write_text(*sink, svg);
  sink->finish();
}

}  // namespace terse::tools::relsim_score
