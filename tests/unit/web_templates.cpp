#include "catch.hpp"
#include "web/templates.hpp"

using namespace video::web;

namespace {

std::string filled(std::string_view text, const Values& values) {
  const Template page(text, [](std::string_view word, std::string_view rest) {
    return "<" + std::string(word) + ":" + std::string(rest) + ">";
  });
  return page.fill(values);
}

}  // namespace

TEST_CASE("a value in a page is escaped, also within an attribute") {
  CHECK(filled("<a title=\"{{x}}\">{{x}}</a>", {{"x", R"(<b a='1'>"&")"}}) ==
        "<a title=\"&lt;b a=&#39;1&#39;&gt;&quot;&amp;&quot;\">&lt;b a=&#39;1&#39;&gt;&quot;&amp;&quot;</a>");
  CHECK(filled("{{{x}}}", {{"x", "<b>"}}) == "<b>");
  CHECK(filled("{{x}}{{none}}", {{"x", "{{y}}"}, {"y", "no"}}) == "{{y}}");
}

TEST_CASE("a section of a page is there if its value is set, an inverted one if it is not") {
  const char* const text = "{{#a}}A{{#b}}B{{/b}}{{^b}}-{{/b}}{{/a}}{{^a}}none{{/a}}";
  CHECK(filled(text, {{"a", "1"}, {"b", "1"}}) == "AB");
  CHECK(filled(text, {{"a", "1"}}) == "A-");
  CHECK(filled(text, {{"b", "1"}}) == "none");
  CHECK(filled(text, {{"a", ""}}) == "none");
}

TEST_CASE("a placeholder of two words is resolved once, when the page is read") {
  CHECK(filled("{{t nav.upload}} {{asset app.css}}", {{"t", "no"}}) == "<t:nav.upload> <asset:app.css>");
}

TEST_CASE("a malformed page is read to its end and loses no text") {
  CHECK(filled("a{{b", {{"b", "B"}}) == "aB");
  CHECK(filled("{{/x}}a{{#b}}c", {}) == "a");
  CHECK(filled("{", {}) == "{");
  CHECK(filled("", {}).empty());
}
