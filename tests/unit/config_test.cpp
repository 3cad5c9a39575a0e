#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "weir/config/load.hpp"

namespace weir::config {
namespace {

class Config : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }

  std::filesystem::path write(const std::string& text) {
    std::ofstream(path_) << text;
    return path_;
  }
  Result<Loaded> load_text(const std::string& text) { return load({.file = write(text)}); }
  std::string error_of(const std::string& text) {
    const auto loaded = load_text(text);
    return loaded ? "" : loaded.error().message;
  }

  const std::filesystem::path path_ = std::filesystem::path(testing::TempDir()) /
                                      ("weir-config-" + std::to_string(::getpid()) + "-" +
                                       testing::UnitTest::GetInstance()->current_test_info()->name() + ".toml");
};

TEST_F(Config, has_the_defaults_of_the_contract) {
  const auto loaded = load({});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->settings.http, "127.0.0.1:8787");
  EXPECT_EQ(loaded->settings.data, "weir-data");
  EXPECT_FALSE(loaded->settings.insecure);
  EXPECT_TRUE(loaded->origins.empty());
}

TEST_F(Config, names_each_key_once_and_every_default_is_within_its_range) {
  std::set<std::string_view> names;
  Settings settings;
  for (const Key& key : keys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_FALSE(key.doc.empty()) << key.name;
    std::string text = value_text(settings, key);
    if (std::holds_alternative<List Settings::*>(key.field)) continue;
    if (text.front() == '"') text = text.substr(1, text.size() - 2);
    EXPECT_TRUE(set(settings, key, text)) << key.name << " = " << text;
    EXPECT_EQ(find_key(key.name), &key);
  }
}

TEST_F(Config, reads_every_kind_of_value) {
  const auto loaded = load_text(R"(
    data = "/var/lib/weir"
    insecure = true
    threads = 3
    drain_wait_max = "90s"
    [access]
    hosts = ["notes.example", "other.example"]
    [limits]
    payload_bytes_max = "2MiB"
    presence_bytes_max = 512
  )");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->settings.data, "/var/lib/weir");
  EXPECT_TRUE(loaded->settings.insecure);
  EXPECT_EQ(loaded->settings.threads, 3U);
  EXPECT_EQ(loaded->settings.drain_wait_max, Milliseconds(90'000));
  EXPECT_EQ(loaded->settings.access_hosts, (List{"notes.example", "other.example"}));
  EXPECT_EQ(loaded->settings.limits_payload_bytes_max.value, 2 * mebi);
  EXPECT_EQ(loaded->settings.limits_presence_bytes_max.value, 512U);
}

TEST_F(Config, lets_the_environment_win_over_the_file_and_flags_over_both) {
  const std::map<std::string, std::string> variables = {{"WEIR_HTTP", "127.0.0.1:2"},
                                                        {"WEIR_DATA", "from-environment"},
                                                        {"WEIR_ACCESS_HOSTS", "a.example, b.example"},
                                                        {"WEIR_PORT", "tcp://10.0.0.1:80"}};
  const auto loaded = load({.file = write("http = \"127.0.0.1:1\"\nthreads = 2\ndata = \"from-file\"\n"),
                            .environment = [&](const std::string& name) -> std::optional<std::string> {
                              const auto found = variables.find(name);
                              return found == variables.end() ? std::nullopt : std::optional(found->second);
                            },
                            .flags = {{"http", "127.0.0.1:3", "--http"}}});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->settings.http, "127.0.0.1:3");
  EXPECT_EQ(loaded->settings.data, "from-environment");
  EXPECT_EQ(loaded->settings.threads, 2U);
  EXPECT_EQ(loaded->settings.access_hosts, (List{"a.example", "b.example"}));
  EXPECT_EQ(loaded->origins.at("http"), "--http");
  EXPECT_EQ(loaded->origins.at("data"), "WEIR_DATA");
  EXPECT_EQ(loaded->origins.at("threads"), path_.string() + ":2");
}

TEST_F(Config, refuses_unknown_keys_and_names_the_nearest) {
  EXPECT_NE(error_of("[limits]\npayload_byte_max = 1\n").find(":2: there is no setting \"limits.payload_byte_max\""),
            std::string::npos);
  EXPECT_NE(error_of("[limits]\npayload_byte_max = 1\n").find("Did you mean limits.payload_bytes_max?"),
            std::string::npos);
  EXPECT_NE(error_of("heartbeat = \"1s\"\n").find("Did you mean limits.heartbeat?"), std::string::npos);
  EXPECT_NE(error_of("zzzzzzzzzz = 1\n").find("weir config print"), std::string::npos);
}

TEST_F(Config, says_what_would_be_right) {
  EXPECT_NE(error_of("threads = 65\n").find("it may be from 0 to 64"), std::string::npos);
  EXPECT_NE(error_of("threads = -1\n").find("write a number"), std::string::npos);
  EXPECT_NE(error_of("durability = \"later\"\n").find("it is one of sync, interval"), std::string::npos);
  EXPECT_NE(error_of("drain_wait_max = 10\n").find("a time with its unit"), std::string::npos);
  EXPECT_NE(error_of("insecure = \"yes\"\n").find("write true or false"), std::string::npos);
  EXPECT_NE(error_of("[limits]\npayload_bytes_max = \"17MiB\"\n").find("from 1B to 16MiB"), std::string::npos);
  EXPECT_NE(error_of("[limits]\npayload_bytes_max = \"99999999999999999999\"\n").find("write a size"),
            std::string::npos);
  EXPECT_NE(error_of("[limits]\npayload_bytes_max = \"18446744073709551615GiB\"\n").find("write a size"),
            std::string::npos);
  EXPECT_NE(error_of("data = [\"a\"]\n").find("one value, not a list"), std::string::npos);
  EXPECT_NE(error_of("[access]\nhosts = [1]\n").find("list of strings"), std::string::npos);
  EXPECT_NE(error_of("data = 1979-05-27\n").find("no setting has"), std::string::npos);
}

TEST_F(Config, tells_all_errors_at_once) {
  const std::string error = error_of("threads = 65\nreaders = 0\nnonsense_of_mine = 1\n");
  EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 2);
}

TEST_F(Config, tells_where_a_file_is_broken_or_that_it_is_missing) {
  EXPECT_NE(error_of("http = \n").find(path_.string() + ":1"), std::string::npos);
  const auto missing = load({.file = "/nowhere/weir.toml"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::not_found);
}

TEST_F(Config, what_it_prints_reads_as_the_same_settings) {
  const auto first = load_text("threads = 5\n[access]\norigins = [\"https://a.example\", \"say \\\"hi\\\"\"]\n");
  ASSERT_TRUE(first);
  const std::string printed = print(*first);
  EXPECT_NE(printed.find("threads = 5  # from " + path_.string() + ":1"), std::string::npos);
  EXPECT_NE(printed.find("readers = 4  # default"), std::string::npos);
  const auto second = load_text(printed);
  ASSERT_TRUE(second) << second.error().message << printed;
  for (const Key& key : keys()) EXPECT_EQ(value_text(first->settings, key), value_text(second->settings, key));
}

}  // namespace
}  // namespace weir::config
