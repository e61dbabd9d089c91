#include "common/options.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "common/streams.hpp"
#include "terse/core/error.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::tools;

TEST_CASE("sizes are read with their units and a wrong one names the option") {
  CLI::App app;
  std::uint64_t budget = 0;
  add_size(app, "--budget", budget, "Bytes");
  app.parse("--budget 1.5GiB", false);
  CHECK(budget == 3u * (std::uint64_t{1} << 29));
  CLI::App other;
  add_size(other, "-b,--budget", budget, "Bytes");
  try {
    other.parse("--budget 12q", false);
    FAIL("no error");
  } catch (const CLI::ValidationError& error) {
    CHECK(std::string(error.what()).find("-b") != std::string::npos);
    CHECK(std::string(error.what()).find("12q") != std::string::npos);
  }
}

TEST_CASE("a word that is not a choice is refused with the choices") {
  CLI::App app;
  std::string level = "L1";
  add_choice(app, "--level", level, {"L0", "L1", "L1.1"}, "Level");
  try {
    app.parse("--level L9", false);
    FAIL("no error");
  } catch (const CLI::ValidationError& error) {
    CHECK(std::string(error.what()).find("'L9' is not one of L0|L1|L1.1") != std::string::npos);
  }
  CLI::App again;
  add_choice(again, "--level", level, {"L0", "L1", "L1.1"}, "Level");
  again.parse("--level L1.1", false);
  CHECK(level == "L1.1");
}

TEST_CASE("general options set what they say") {
  SharedOptions shared;
  CLI::App app("Does it", "tool");
  add_always(app, shared);
  app.parse("-j 3 -vv --no-progress --color never", false);
  CHECK(shared.threads == 3);
  CHECK(shared.verbosity == 2);
  CHECK_FALSE(shared.progress);
  CHECK(shared.color == Color::Never);
  CHECK_FALSE(shared.colored(1));
  SharedOptions quiet;
  CLI::App second("Does it", "tool");
  add_always(second, quiet);
  second.parse("-q --progress --color always", false);
  CHECK(quiet.verbosity == -1);
  CHECK(quiet.progress);
  CHECK(quiet.colored(1));
}

TEST_CASE("NO_COLOR switches colour off unless it is asked for") {
  SharedOptions shared;
  setenv("NO_COLOR", "1", 1);
  CHECK_FALSE(shared.colored(1));
  shared.color = Color::Always;
  CHECK(shared.colored(1));
  unsetenv("NO_COLOR");
}

TEST_CASE("files of a command line do not get into each other's way") {
  const auto message = [](const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs) {
    try {
      require_separate(inputs, outputs);
    } catch (const Error& error) {
      CHECK(error.code() == Error::Usage);
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(message({{"the similarity", "-"}, {"--facts", "kb.facts"}, {"--gold", ""}}, {{"-o", "-"}, {"--plot", "b"}}) ==
        "");
  CHECK(message({{"the similarity", "-"}, {"--facts", "-"}}, {}) ==
        "the similarity and --facts cannot both come from standard input");
  CHECK(message({}, {{"the table", "-"}, {"-o", "-"}}) == "the table and -o cannot both go to standard output");
  CHECK(message({{"--facts", "a"}}, {{"-o", "a"}}) == "a: is read, and -o would replace it");
}
