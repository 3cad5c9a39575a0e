// The embedded pages: found by exact name, whole, and everything the page loads is there.
#include "weir/web/asset.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace weir::web {
namespace {

std::vector<std::string> paths_the_page_loads(std::string_view page) {
  std::vector<std::string> paths;
  for (const std::string_view attribute : {"src=\"/", "href=\"/"}) {
    for (auto at = page.find(attribute); at != std::string_view::npos; at = page.find(attribute, at + 1)) {
      const auto begin = at + attribute.size() - 1;
      paths.emplace_back(page.substr(begin, page.find('"', begin) - begin));
    }
  }
  return paths;
}

TEST(Web, EveryEditorAddressIsTheSamePage) {
  const auto page = find("/");
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  EXPECT_TRUE(page->bytes.starts_with("<!doctype html>"));
  EXPECT_FALSE(page->immutable);
  for (const auto* path : {"/index.html", "/d/demo/notes", "/d/demo/a/b%20c", "/d/"}) {
    const auto same = find(path);
    ASSERT_TRUE(same.has_value()) << path;
    EXPECT_EQ(same->bytes.data(), page->bytes.data()) << path;
  }
}

TEST(Web, NothingElseIsFound) {
  using namespace std::literals;
  for (const auto path : {""sv, "//"sv, "/d"sv, "/index.htm"sv, "/index.html/"sv, "/../index.html"sv, "/assets/"sv,
                          "index.html"sv, "/index.html\0"sv, "\xff"sv}) {
    EXPECT_FALSE(find(path).has_value()) << path;
  }
}

TEST(Web, WhatThePageLoadsIsEmbedded) {
  for (const auto& path : paths_the_page_loads(find("/")->bytes)) {
    const auto asset = find(path);
    ASSERT_TRUE(asset.has_value()) << path;
    EXPECT_FALSE(asset->bytes.empty()) << path;
    EXPECT_EQ(asset->immutable, path.starts_with("/assets/")) << path;
  }
}

TEST(Web, ValidatorsAreStrongAndDifferByEncoding) {
  const auto page = find("/");
  for (const auto etag : {page->etag, page->gzip_etag}) {
    ASSERT_GT(etag.size(), 2U);
    EXPECT_TRUE(etag.starts_with('"') && etag.ends_with('"')) << etag;
  }
  EXPECT_NE(page->etag, page->gzip_etag);
}

TEST(Web, TheCompressedFormIsGzipAndSmaller) {
  for (const auto& path : paths_the_page_loads(find("/")->bytes)) {
    const auto asset = find(path);
    if (asset->gzip.empty()) continue;
    EXPECT_TRUE(asset->gzip.starts_with("\x1f\x8b")) << path;
    EXPECT_LT(asset->gzip.size(), asset->bytes.size()) << path;
  }
}

TEST(Web, ThePolicyLetsNothingInlineRun) {
  EXPECT_EQ(content_security_policy.find("unsafe"), std::string_view::npos);
  EXPECT_NE(content_security_policy.find("frame-ancestors 'none'"), std::string_view::npos);
  EXPECT_EQ(find("/")->bytes.find("<script>"), std::string_view::npos);
  EXPECT_EQ(find("/")->bytes.find("<style"), std::string_view::npos);
}

}  // namespace
}  // namespace weir::web
