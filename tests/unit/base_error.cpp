#include "base/error.hpp"

#include <set>

#include "catch.hpp"

using namespace video;

namespace {

constexpr int faults = static_cast<int>(Fault::unreachable) + 1;

}  // namespace

TEST_CASE("every fault has a row, and is found again by its error code and status") {
  std::set<std::pair<std::string_view, int>> pairs;
  for (int i = 0; i < faults; ++i) {
    const auto fault = static_cast<Fault>(i);
    const FaultRow& row = rowOf(fault);
    INFO(row.sentence);
    CHECK(row.fault == fault);
    CHECK_FALSE(row.sentence.empty());
    CHECK(row.exitStatus > 0);
    CHECK(row.exitStatus < 126);
    CHECK(pairs.emplace(row.code, row.httpStatus).second);
    if (fault == Fault::unreachable) continue;
    CHECK(row.code.size() == 3);
    CHECK(row.httpStatus >= 400);
    CHECK(row.httpStatus < 600);
    CHECK(faultOf(row.code, row.httpStatus) == fault);
    CHECK(reasonPhrase(row.httpStatus) != "Unknown");
  }
}

TEST_CASE("an unknown error code or status maps to no fault") {
  CHECK_FALSE(faultOf("", 0));  // unreachable is never sent
  CHECK_FALSE(faultOf("999", 400));
  CHECK_FALSE(faultOf("001", 404));
  CHECK_FALSE(faultOf("014", 400));
  CHECK(faultOf("008", 400) == Fault::tooLarge);
  CHECK(faultOf("008", 413) == Fault::tooLarge);
  CHECK(reasonPhrase(418) == "Unknown");
  CHECK(reasonPhrase(0) == "Cannot be reached");
  CHECK(reasonPhrase(206) == "Partial Content");
}

TEST_CASE("what() is the detail of an error, or its sentence if there is no detail") {
  const Error bare(Fault::notFound);
  CHECK(bare.what() == std::string("Not found"));
  CHECK(bare.detail().empty());
  CHECK_FALSE(bare.retryAfter());
  Error full(Fault::busy, "another process", std::chrono::seconds{3});
  CHECK(full.what() == std::string("another process"));
  CHECK(full.sentence() == "Busy");
  CHECK(full.retryAfter() == std::chrono::seconds{3});
  CHECK(full.ofRequest("r1").requestId() == "r1");
}
