#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <new>
#include <stdexcept>

#include "common/groups.hpp"
#include "common/tool.hpp"
#include "terse/core/error.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::tools;

namespace {

struct Options {
  SharedOptions shared;
  std::string what, command;
};

std::string seen;  // what run() was given

void define(CLI::App& app, Options& options) {
  add_seed(app, options.shared);
  app.add_option("--throw", options.what, "What to throw")->type_name("WHAT");
  add_command(app, "work", options.command, "Work");
}

int run(const Options& options) {
  seen = options.command + " -j" + std::to_string(options.shared.threads) + " --seed " +
         std::to_string(options.shared.seed) + " " + options.shared.producer;
  if (options.what == "negative") return 1;
  if (options.what == "input") throw Error(Error::BadInput, "kb.tsv:17: two fields, not three");
  if (options.what == "busy") throw Error(Error::Busy, "in use");
  if (options.what == "memory") throw std::bad_alloc();
  if (options.what == "size") throw std::length_error("vector::reserve");
  if (options.what == "threads")
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  if (options.what == "tensor") throw std::runtime_error("[enforce] DefaultCPUAllocator: can't allocate memory: you …");
  if (options.what == "bug") throw std::logic_error("first line\nsecond line");
  if (options.what == "number") throw 5;
  return 0;
}

struct Outcome {
  int status;
  std::string messages;
};

/// The program with these arguments, and what it says on standard error.
Outcome outcome(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "tool");
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  std::FILE* captured = std::tmpfile();
  std::fflush(stderr);
  const int kept = dup(STDERR_FILENO);
  dup2(fileno(captured), STDERR_FILENO);
  const int status = run_tool<Options>({"tool", "do things"}, static_cast<int>(argv.size()), argv.data(), define, run);
  std::fflush(stderr);
  dup2(kept, STDERR_FILENO);
  close(kept);
  std::rewind(captured);
  std::string text(4096, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), captured));
  std::fclose(captured);
  return {status, text};
}

}  // namespace

TEST_CASE("run() gets what the command line says, after a sub-command as well as before") {
  CHECK(outcome({"-j", "2", "work", "--seed", "9"}).status == 0);
  CHECK(seen.starts_with("work -j2 --seed 9 tool "));
  CHECK(outcome({"work", "-j", "3"}).status == 0);
  CHECK(seen.starts_with("work -j3 --seed 1 "));
}

TEST_CASE("a command line without a sub-command stands for the one that the tool says") {
  const Tool tool{
      .name = "tool", .summary = "do things", .default_command = "swim", .former_options = {{"--deep", "dive"}}};
  std::string chosen, place, recorded;
  bool deep = false;
  const auto parse = [&](std::vector<std::string> given) {
    SharedOptions shared;
    chosen = place = "";
    given.insert(given.begin(), "tool");
    std::vector<char*> argv;
    for (auto& argument : given) argv.push_back(argument.data());
    const auto define = [&](CLI::App& app) {
      for (const char* name : {"swim", "dive"}) {
        CLI::App& command = add_command(app, name, chosen, "Move");
        command.add_option("place", place, "Where")->type_name("PLACE");
        command.add_flag("--deep", deep, "An old spelling")->group(kHiddenGroup);
      }
    };
    return run_program(tool, static_cast<int>(argv.size()), argv.data(), shared, define, [&] {
      recorded = "";
      for (const auto& argument : shared.arguments) recorded += argument + " ";
      return 0;
    });
  };
  CHECK(parse({"/dev/null", "-j", "2"}) == 0);
  CHECK(chosen + " " + place + ": " + recorded == "swim /dev/null: /dev/null ");
  CHECK(parse({"-j", "2", "swim", "/dev/null"}) == 0);
  CHECK(chosen + " " + place + ": " + recorded == "swim /dev/null: /dev/null ");
  CHECK(parse({"-qj2", "dive", "/dev/null"}) == 0);
  CHECK(chosen + " " + place + ": " + recorded == "dive /dev/null: dive /dev/null ");
  CHECK(parse({"-q", "/dev/null", "--deep"}) == 0);
  CHECK(chosen + " " + place + ": " + recorded == "dive /dev/null: /dev/null --deep ");
  CHECK(parse({"-q"}) == 0);
  CHECK(chosen + place == "swim");
}

TEST_CASE("each error has its exit status and one line that begins with the program") {
  const auto failing = [](const char* what) { return outcome({"work", "--throw", what}); };
  CHECK(failing("negative").status == 1);
  CHECK(failing("negative").messages.empty());
  CHECK(failing("input").status == 65);
  CHECK(failing("input").messages == "tool: kb.tsv:17: two fields, not three\n");
  CHECK(failing("busy").status == 75);
  CHECK(failing("memory").status == 71);
  CHECK(failing("memory").messages == "tool: out of memory\n");
  CHECK(failing("bug").status == 70);
  CHECK(failing("bug").messages == "tool: internal error: first line\n");
  CHECK(failing("number").status == 70);
}

TEST_CASE("a command line that makes no sense is status 2, said in one line with a hint") {
  const auto unknown = outcome({"work", "--unknown"});
  CHECK(unknown.status == 2);
  CHECK(unknown.messages == "tool: argument not expected: --unknown\nTry 'tool work --help'.\n");
  CHECK(outcome({"--unknown"}).messages == "tool: argument not expected: --unknown\nTry 'tool --help'.\n");
  CHECK(
      outcome({"work", "--one", "--two", "-3"}).messages.starts_with("tool: arguments not expected: --one --two -3\n"));
  CHECK(outcome({"wrok", "--one"}).messages == "tool: no such command: 'wrok'\nTry 'tool --help'.\n");
  CHECK(outcome({}).status == 2);
  CHECK(outcome({"work", "--seed", "many"}).status == 2);
}

TEST_CASE("-q leaves errors only") {
  CHECK(outcome({"work", "-q", "--throw", "input"}).messages == "tool: kb.tsv:17: two fields, not three\n");
}
