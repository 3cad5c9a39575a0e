// What is said of a command line that is wrong, and of settings that are.
#include "weir/cli/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <sstream>
#include <vector>

#include "temporary_folder.hpp"

namespace weir::cli {
namespace {

using testing::HasSubstr;

struct Outcome {
  int status = 0;
  std::string out;
  std::string errors;
};

class Redirected {
 public:
  explicit Redirected(std::ostream& stream) : stream_(stream), before_(stream.rdbuf(text_.rdbuf())) {}
  ~Redirected() { stream_.rdbuf(before_); }
  Redirected(const Redirected&) = delete;
  Redirected& operator=(const Redirected&) = delete;
  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::ostream& stream_;
  std::streambuf* before_;
};

Outcome run(std::vector<const char*> words, const Result<void>& verdict = {}) {
  words.insert(words.begin(), "weir");
  const Redirected out(std::cout);
  const Redirected errors(std::cerr);
  const int status = cli::run(static_cast<int>(words.size()), words.data(),
                              {.version = "1.2.3",
                               .check = [&](const config::Settings&) { return verdict; },
                               .serve = [](const config::Settings&) { return 0; },
                               .health = [](const config::Settings&) { return 0; }});
  return {status, out.text(), errors.text()};
}

TEST(CommandLine, TellsItsVersion) {
  EXPECT_EQ(run({"--version"}).out, "weir 1.2.3\n");
  EXPECT_EQ(run({"--version"}).status, 0);
  EXPECT_EQ(run({"version"}).out, "weir 1.2.3\n");
}

TEST(CommandLine, NamesTheWordThatIsNotKnown) {
  const auto said = [](std::vector<const char*> words) {
    const Outcome outcome = run(std::move(words));
    EXPECT_EQ(outcome.status, exit_usage);
    return outcome.errors;
  };
  EXPECT_EQ(said({"serv"}), "weir: `weir` has no command \"serv\". Did you mean serve?\n");
  EXPECT_EQ(said({"docs", "exprot", "a", "b"}), "weir: `weir docs` has no command \"exprot\". Did you mean export?\n");
  EXPECT_EQ(said({"frobnicate"}), "weir: `weir` has no command \"frobnicate\". `weir --help` says what there is\n");
  EXPECT_EQ(said({"serve", "--htp", "x"}), "weir: `weir serve` has no option --htp. Did you mean --http?\n");
  EXPECT_EQ(said({"docs", "ls", "--sever=x"}), "weir: `weir docs ls` has no option --sever. Did you mean --server?\n");
  EXPECT_EQ(said({"docs", "ls", "a", "b"}),
            "weir: `weir docs ls` takes no further \"b\". `weir docs ls --help` says what there is\n");
}

TEST(CommandLine, LeavesTheRestToTheParser) {
  const Outcome outcome = run({"docs", "show"});
  EXPECT_EQ(outcome.status, exit_usage);
  EXPECT_THAT(outcome.errors, HasSubstr("SPACE is required"));
}

TEST(CommandLine, ChecksAFileAsServeWould) {
  const storage::TemporaryFolder folder;
  const std::string file = (folder.path() / "weir.toml").string();
  std::ofstream(file) << "http = \"127.0.0.1:1\"\n";
  EXPECT_EQ(run({"config", "check", file.c_str()}).out, file + ": good\n");
  const Outcome wrong = run({"config", "check", file.c_str()}, fail(Code::invalid_argument, "these do not fit"));
  EXPECT_EQ(wrong.status, exit_failed);
  EXPECT_EQ(wrong.errors, "weir: " + file + ": these do not fit\n");
}

}  // namespace
}  // namespace weir::cli
