// Changes to a deletion record by callers whose view of it is out of date: only the conditions in the SQL keep them
// apart.
#include "base/error.hpp"
#include "catch.hpp"
#include "deletions/rows.hpp"
#include "store_scratch.hpp"
#include "users/rows.hpp"

using namespace video;
using namespace video::store;

namespace {

constexpr Time now{std::chrono::milliseconds{1'000'000}};
constexpr std::int64_t self = 1;
constexpr std::int64_t other = 2;
constexpr UserId ada{1};
const VideoId id{"v"};

// A data directory with one ready video.
struct Site {
  Site() {
    does([](Transaction& transaction) {
      transaction.query("INSERT INTO users (id, login_name, pwd, create_time) VALUES (1, 'ada', '', 0)").run();
      transaction
          .query(
              "INSERT INTO video_info (id, author_id, name, state, display_ctime, create_time, size, blob) "
              "VALUES ('v', 1, 'x', 'ready', '', 0, 1, 'blob')")
          .run();
      return true;
    });
  }

  // Commits a change, or rolls it back if it returns false because it found another state.
  bool does(const std::function<bool(Transaction&)>& act) {
    try {
      database.write(Purpose::keep, [&](Transaction& transaction) {
        if (!act(transaction)) throw Error(Fault::conflict);
      });
      return true;
    } catch (const Error& refused) {
      CHECK(refused.fault() == Fault::conflict);
      return false;
    }
  }

  rows::StoredVideo video() {
    return database.read([](Reader& reader) { return rows::findVideo(reader, id).value(); });
  }

  // Returns the states of the video and of its record, which is all that the changes affect.
  std::string states() {
    return database.read([](Reader& reader) {
      std::string text = "none";
      auto row = reader.query("SELECT state FROM video_info WHERE id = ?", id);
      if (row.next()) text = row.text(0);
      auto record =
          reader.query("SELECT state, coalesce(lease_owner, 0), tries FROM video_del_rec WHERE video_id = ?", id);
      if (record.next())
        text += " " + std::string(record.text(0)) + " " + std::to_string(record.integer(1)) + " " +
                std::to_string(record.integer(2));
      return text;
    });
  }

  bool remove(const rows::StoredVideo& seen, Time due = now) {
    return does([&](Transaction& transaction) { return rows::queueDeletion(transaction, seen, due, now); });
  }
  bool restore(const rows::StoredVideo& seen) {
    return does([&](Transaction& transaction) { return rows::restoreVideo(transaction, seen); });
  }
  bool claim(std::int64_t owner = self) {
    return does([&](Transaction& transaction) { return rows::claim(transaction, id, owner, now); });
  }
  bool fail(std::int64_t owner, std::int64_t maxTries = 8) {
    return does(
        [&](Transaction& transaction) { return rows::recordFailure(transaction, id, owner, "why", now, maxTries); });
  }
  bool finish(std::int64_t owner) {
    return does([&](Transaction& transaction) { return rows::finishDeletion(transaction, id, owner); });
  }
  bool retry() {
    return does([](Transaction& transaction) { return rows::retryDeletion(transaction, id, now); });
  }
  bool makeDue() {
    return does([](Transaction& transaction) { return rows::makeDue(transaction, id, now); });
  }
  bool publish(const rows::StoredVideo& seen, const std::string& blob) {
    return does([&](Transaction& transaction) {
      return rows::setContent(transaction, seen, {blob, 2, "hash", "video/mp4"}, now);
    });
  }
  bool removeUser() {
    return does([](Transaction& transaction) { return rows::deleteAccount(transaction, ada, now); });
  }
  bool queueUser() {
    return does([](Transaction& transaction) {
      rows::queueVideosOf(transaction, ada, now, 10);
      return rows::markUserQueued(transaction, ada);
    });
  }
  void voidLeases(std::int64_t owner) {
    does([&](Transaction& transaction) { return rows::voidLeases(transaction, owner, 10) > 0; });
  }

  Scratch scratch;
  Database database{openAt(scratch.data()), small()};
};

}  // namespace

TEST_CASE("a restore and a claim exclude each other", "[deletions]") {
  Site site;
  REQUIRE(site.remove(site.video()));
  const rows::StoredVideo seen = site.video();
  SECTION("the claim first") {
    CHECK(site.claim());
    CHECK_FALSE(site.restore(seen));
    CHECK(site.states() == "purging leased 1 0");
  }
  SECTION("the restore first") {
    CHECK(site.restore(seen));
    CHECK_FALSE(site.claim());
    CHECK(site.states() == "ready");
  }
  SECTION("a voided lease does not make it restorable") {
    CHECK(site.claim());
    site.voidLeases(self);
    CHECK_FALSE(site.restore(seen));
    CHECK(site.states() == "purging waiting 0 0");
  }
}

TEST_CASE("a video is deleted once, and a claim stands against a second delete", "[deletions]") {
  Site site;
  const rows::StoredVideo seen = site.video();
  CHECK_FALSE(site.claim());
  CHECK(site.remove(seen));
  CHECK_FALSE(site.remove(seen));
  CHECK(site.claim());
  CHECK_FALSE(site.remove(seen));
  CHECK(site.states() == "purging leased 1 0");
}

TEST_CASE("a delete and a restore exclude each other", "[deletions]") {
  Site site;
  const rows::StoredVideo ready = site.video();
  CHECK_FALSE(site.restore(ready));
  CHECK(site.states() == "ready");
  REQUIRE(site.remove(ready));
  const rows::StoredVideo deleted = site.video();
  CHECK(site.restore(deleted));
  CHECK_FALSE(site.remove(deleted));
  CHECK_FALSE(site.restore(deleted));
  CHECK(site.states() == "ready");
}

TEST_CASE("a video that was restored and deleted again is not claimed before it is due", "[deletions]") {
  Site site;
  REQUIRE(site.remove(site.video()));
  REQUIRE(site.restore(site.video()));
  REQUIRE(site.remove(site.video(), now + std::chrono::hours{1}));
  CHECK_FALSE(site.claim());
  CHECK(site.states() == "deleted waiting 0 0");
}

TEST_CASE("a retry and a claim exclude each other", "[deletions]") {
  Site site;
  REQUIRE(site.remove(site.video()));
  CHECK_FALSE(site.retry());  // it has not failed
  REQUIRE(site.claim());
  REQUIRE(site.fail(self));
  SECTION("the claim first") {
    CHECK(site.claim());
    CHECK_FALSE(site.retry());
    CHECK(site.states() == "purging leased 1 1");
  }
  SECTION("the retry first") {
    CHECK(site.retry());
    CHECK(site.claim());
    CHECK(site.states() == "purging leased 1 0");
  }
  SECTION("a dead record is claimed only after a retry") {
    REQUIRE(site.claim());
    REQUIRE(site.fail(self, 2));
    CHECK_FALSE(site.claim());
    CHECK(site.states() == "purging dead 0 2");
    CHECK(site.retry());
    CHECK(site.claim());
  }
}

TEST_CASE("a record becomes due only while it waits", "[deletions]") {
  Site site;
  REQUIRE(site.remove(site.video(), now + std::chrono::hours{1}));
  SECTION("due first") {
    CHECK(site.makeDue());
    CHECK(site.claim());
    CHECK(site.states() == "purging leased 1 0");
  }
  SECTION("the claim first") {
    CHECK_FALSE(site.claim());
    REQUIRE(site.makeDue());
    REQUIRE(site.claim());
    CHECK_FALSE(site.makeDue());
  }
  SECTION("the restore first") {
    REQUIRE(site.restore(site.video()));
    CHECK_FALSE(site.makeDue());
    CHECK(site.states() == "ready");
  }
}

TEST_CASE("a purge whose lease is gone neither ends the record nor counts a failure", "[deletions]") {
  Site site;
  REQUIRE(site.remove(site.video()));
  REQUIRE(site.claim(self));
  SECTION("another owner") {
    CHECK_FALSE(site.finish(other));
    CHECK_FALSE(site.fail(other));
    CHECK(site.states() == "purging leased 1 0");
  }
  SECTION("voided, and claimed by another") {
    site.voidLeases(self);
    CHECK_FALSE(site.finish(self));
    CHECK_FALSE(site.fail(self));
    CHECK(site.states() == "purging waiting 0 0");
    REQUIRE(site.claim(other));
    CHECK_FALSE(site.finish(self));
    CHECK_FALSE(site.fail(self));
    CHECK(site.states() == "purging leased 2 0");
    CHECK(site.finish(other));
    CHECK(site.states() == "none");
  }
  SECTION("finished already") {
    REQUIRE(site.finish(self));
    CHECK_FALSE(site.finish(self));
    CHECK_FALSE(site.fail(self));
  }
}

TEST_CASE("no video of a deleted user is restored", "[deletions]") {
  Site site;
  REQUIRE(site.remove(site.video()));
  const rows::StoredVideo seen = site.video();
  SECTION("the user is deleted first") {
    REQUIRE(site.removeUser());
    CHECK_FALSE(site.removeUser());
    REQUIRE(site.queueUser());
    CHECK_FALSE(site.restore(seen));
    CHECK(site.states() == "deleted waiting 0 0");
  }
  SECTION("the restore first") {
    REQUIRE(site.restore(seen));
    REQUIRE(site.removeUser());
    CHECK_FALSE(site.does([](Transaction& transaction) { return rows::markUserQueued(transaction, ada); }));
    CHECK(site.queueUser());
    CHECK(site.states() == "deleted waiting 0 0");
  }
  SECTION("a live user's row and a record with videos stay") {
    CHECK_FALSE(site.does([](Transaction& transaction) { return rows::deleteUser(transaction, ada); }));
    REQUIRE(site.removeUser());
    CHECK_FALSE(site.does([](Transaction& transaction) { return rows::finishUserDeletion(transaction, ada); }));
  }
}

TEST_CASE("an upload does not publish a video that was deleted or replaced meanwhile", "[deletions]") {
  Site site;
  const rows::StoredVideo seen = site.video();
  SECTION("the delete first") {
    REQUIRE(site.remove(seen));
    CHECK_FALSE(site.publish(seen, "new"));
    CHECK(site.states() == "deleted waiting 0 0");
  }
  SECTION("the upload first") {
    REQUIRE(site.publish(seen, "new"));
    CHECK(site.remove(seen));
    CHECK(site.video().blob == "new");
  }
  SECTION("another upload first") {
    REQUIRE(site.publish(seen, "new"));
    CHECK_FALSE(site.publish(seen, "newer"));
    CHECK(site.video().blob == "new");
  }
}

TEST_CASE("if two processes purge a replaced content, one of them counts", "[deletions]") {
  Site site;
  const rows::ReplacedBlob seen{"b", 0};
  const auto postpone = [&](Transaction& transaction) {
    return rows::postponeBlobDeletion(transaction, seen, "why", now);
  };
  const auto remove = [&](Transaction& transaction) { return rows::deleteBlobDeletion(transaction, seen.name); };
  site.does([](Transaction& transaction) {
    rows::insertBlobDeletion(transaction, "b", UserId{1}, 1, now);
    return true;
  });
  CHECK(site.does(postpone));
  CHECK_FALSE(site.does(postpone));
  CHECK(site.does(remove));
  CHECK_FALSE(site.does(remove));
  CHECK_FALSE(site.does(postpone));
}
