// Deleting, restoring and the deletion queue, local and remote.
#include <filesystem>

#include "base/json.hpp"
#include "catch.hpp"
#include "contract/site.hpp"
#include "deletions/fields.hpp"
#include "observe/log.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;

namespace {

// Drains until the queue reports that nothing is left to purge: a daemon goes on draining after its reply.
DeletionPage drained(Site& site, bool includeNotDue = true) {
  Deletions& deletions = site.at(Operator{}).deletions();
  DeletionPage page;
  waitFor("the queue has nothing due or leased", [&] {
    deletions.drain(Operator{}, {includeNotDue});  // each time, because failed purges become due again
    page = deletions.list(Operator{}, {});
    return page.due + page.leased == 0;
  });
  return page;
}

// Returns the fault and detail of the Error that a call throws, or `done`.
std::string endOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return std::string(error.sentence()) + ": " + error.detail() + " (" + std::string(slugOf(error.reason())) + ")";
  }
  return "done";
}

// Returns everything stored about a video, which a rehearsal must not change. Other videos may be purged meanwhile.
std::string everythingOf(Site& site, const VideoId& id) {
  Toolkit& at = site.at(Operator{});
  std::string all;
  const std::string missing = endOf([&] { appendJson(all, at.videos().show(Operator{}, {id, std::nullopt})); });
  DeletionQuery queue;
  queue.limit = 1000;
  for (const Deletion& one : at.deletions().list(Operator{}, queue).items)
    if (one.video.text == id.text) appendJson(all, one);
  return all + missing;
}

}  // namespace

TEST_CASE("a rehearsal has the outcome of the real operation for every caller and state, and changes nothing") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential root = site.user("root", Role::admin);
  const auto token = [&](Scope scope) {
    NewToken wanted;
    wanted.user = "ada";
    wanted.label = "x";
    wanted.scope = scope;
    return Secret{site.at(ada).tokens().create(ada, wanted).token, false};
  };
  const std::vector<Credential> callers{Anonymous{},          ada,  site.user("bob"), token(Scope::read),
                                        token(Scope::upload), root, Operator{},       Operator{"ada"}};
  const std::vector<std::function<VideoId()>> makers{
      [&] {
        return site.at(ada).videos().add(ada, {"ada", "pending"}).id;
      },
      [&] { return site.video(ada, "ada", "ready"); },
      [&] {
        const VideoId gone = site.video(ada, "ada", "deleted");
        site.at(ada).videos().remove(ada, removing(gone));
        return gone;
      },
      [] { return VideoId{"nothing"}; },
  };
  std::size_t done = 0;
  for (std::size_t maker = 0; maker < makers.size(); ++maker) {
    for (std::size_t caller = 0; caller < callers.size(); ++caller) {
      const Credential& by = callers[caller];
      Videos& videos = site.at(by).videos();
      const auto same = [&](const std::function<void(const VideoId&)>& rehearse,
                            const std::function<void(const VideoId&)>& act) {
        CAPTURE(maker, caller);
        const VideoId video = makers[maker]();
        const std::string before = everythingOf(site, video);
        const std::string rehearsed = endOf([&] { rehearse(video); });
        CHECK(everythingOf(site, video) == before);
        CHECK(endOf([&] { act(video); }) == rehearsed);
        done += rehearsed == "done" ? 1 : 0;
      };
      for (const auto& now : {std::optional<bool>(), std::optional(true)})
        same([&](const VideoId& id) { videos.rehearseRemove(by, removing(id, now)); },
             [&](const VideoId& id) { videos.remove(by, removing(id, now)); });
      same(
          [&](const VideoId& id) {
            videos.rehearseRestore(by, {id, std::nullopt});
          },
          [&](const VideoId& id) {
            videos.restore(by, {id, std::nullopt});
          });
    }
  }
  // ada, root and both operators may do two of the three operations on each of three videos; an upload token may do
  // two on the pending one.
  CHECK(done == 4 * 3 * 2 + 2);
}

TEST_CASE("a rehearsal returns the video as it would be") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  Videos& videos = site.at(ada).videos();
  const VideoId video = site.video(ada, "ada", "x");
  const Video deleted = videos.rehearseRemove(ada, removing(video));
  CHECK(deleted.state == VideoState::deleted);
  CHECK(deleted.purgeTime.has_value());
  videos.remove(ada, removing(video));
  const Video back = videos.rehearseRestore(ada, {video, std::nullopt});
  CHECK(back.state == VideoState::ready);
  CHECK_FALSE(back.purgeTime.has_value());
}

TEST_CASE("a rehearsed drain lists in pages what is due, or everything that waits") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential root = site.user("root", Role::admin);
  std::vector<std::string> waiting;
  for (int i = 0; i < 5; ++i) {
    const VideoId video = site.video(ada, "ada", "x");
    site.at(ada).videos().remove(ada, removing(video));
    waiting.push_back(video.text);
  }
  requireFault([&] { site.at(ada).deletions().rehearseDrain(ada, {}); }, Fault::forbidden);
  Deletions& deletions = site.at(root).deletions();
  CHECK(deletions.rehearseDrain(root, {}).items.empty());
  RehearseDrain all;
  all.includeNotDue = true;
  all.limit = 2;
  std::vector<std::string> found;
  do {
    const Page<Deletion> page = deletions.rehearseDrain(root, all);
    CHECK(page.items.size() <= 2);
    for (const Deletion& one : page.items) found.push_back(one.video.text);
    all.cursor = page.nextCursor;
  } while (all.cursor);
  CHECK(found == waiting);
  CHECK(deletions.list(root, {}).items.size() == 5);
  all.limit = 0;
  requireFault([&] { deletions.rehearseDrain(root, all); }, Fault::malformed, "limit");
}

TEST_CASE("a deleted video is hidden at once, and can be restored until its purge begins") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const std::string bytes = movie(2000);
  const VideoId video = site.video(ada, "ada", "x", bytes);
  const VideoId pending = site.at(ada).videos().add(ada, {"ada", "pending"}).id;
  Videos& videos = site.at(ada).videos();

  requireFault([&] { site.at(bob).videos().remove(bob, removing(video)); }, Fault::forbidden);
  requireFault([&] { site.at(Anonymous{}).videos().remove(Anonymous{}, removing(video)); }, Fault::unauthenticated);
  requireFault([&] { site.at(Operator{}).videos().remove(Operator{}, removing({"nothing"})); }, Fault::notFound);
  requireFault([&] { videos.restore(ada, {video, std::nullopt}); }, Fault::conflict, "is ready");

  videos.remove(ada, removing(video));
  requireFault([&] { site.at(Anonymous{}).videos().open(Anonymous{}, {video, std::nullopt}); }, Fault::notFound);
  requireFault([&] { site.at(bob).videos().show(bob, {video, std::nullopt}); }, Fault::notFound);
  const Video shown = site.at(ada).videos().show(ada, {video, std::nullopt});
  CHECK(shown.state == VideoState::deleted);
  CHECK(shown.purgeTime.has_value());
  CHECK(site.at(ada).videos().list(ada, {}).items.size() == 1);
  VideoQuery trash;
  trash.state = VideoState::deleted;
  CHECK(site.at(ada).videos().list(ada, trash).items.size() == 1);
  const User user = site.at(ada).users().show(ada, {"ada"});
  CHECK(user.bytesTrash == 2000);
  CHECK(user.bytesUsed == 2000);
  CHECK(user.videoCount == 1);
  requireFault([&] { videos.remove(ada, removing(video)); }, Fault::conflict, "is deleted");
  requireFault(
      [&] {
        site.at(ada).uploads().put(ada, {video, std::nullopt}, sourceOf(bytes));
      },
      Fault::conflict, "is deleted");

  requireFault([&] { site.at(bob).videos().restore(bob, {video, std::nullopt}); }, Fault::notFound);
  const Video back = videos.restore(ada, {video, std::nullopt});
  CHECK(back.state == VideoState::ready);
  CHECK_FALSE(back.purgeTime.has_value());
  CHECK(readAll(site.at(Anonymous{}).videos().open(Anonymous{}, {video, std::nullopt})) == bytes);
  CHECK(site.at(Operator{}).deletions().list(Operator{}, {}).items.empty());

  videos.remove(ada, removing(pending));
  CHECK(videos.restore(ada, {pending, std::nullopt}).state == VideoState::pending);
}

TEST_CASE("a drain removes the files and the rows") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const VideoId gone = site.video(ada, "ada", "gone", movie(1000, 1));
  const VideoId stays = site.video(ada, "ada", "stays", movie(1000, 2));
  for (int i = 0; i < 3; ++i) site.at(ada).comments().post(ada, {gone, "hello", std::nullopt});
  site.at(ada).videos().remove(ada, removing(gone));

  const DeletionPage queue = site.at(Operator{}).deletions().list(Operator{}, {});
  REQUIRE(queue.items.size() == 1);
  CHECK(queue.items[0].video == gone);
  CHECK(queue.items[0].state == DeletionState::waiting);
  CHECK(queue.due == 0);
  CHECK(drained(site, false).items.size() == 1);  // not due yet
  CHECK(countFiles(site.data() / "blobs") == 2);

  CHECK(drained(site).items.empty());
  CHECK(countFiles(site.data() / "blobs") == 1);
  requireFault([&] { site.at(ada).videos().show(ada, {gone, std::nullopt}); }, Fault::notFound);
  requireFault([&] { site.at(ada).videos().restore(ada, {gone, std::nullopt}); }, Fault::notFound);
  CHECK_NOTHROW(site.at(ada).videos().open(ada, {stays, std::nullopt}));
  CHECK(site.at(ada).users().show(ada, {"ada"}).bytesUsed == 1000);
}

TEST_CASE("a deleted content is remembered for the configured time") {
  const std::chrono::milliseconds remember = std::chrono::milliseconds{GENERATE(3'600'000, 0)};
  Site site(GENERATE(eachWay()),
            [&](Settings& settings) { settings.videos.remember = settings.deletions.remember = remember; });
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId video = site.video(ada, "ada", "x", movie(1000, 1));
  const VideoId pending = site.at(ada).videos().add(ada, {"ada", "pending"}).id;
  const std::string hash = site.at(ada).videos().show(ada, {video, std::nullopt}).sha256;
  Videos& videos = site.at(ada).videos();
  const ContentState gone = remember.count() > 0 ? ContentState::deleted : ContentState::absent;

  const KnownContent there = videos.known(ada, {"ADA", hash});
  CHECK(there.state == ContentState::present);
  CHECK(there.video == video);
  CHECK(videos.known(ada, {"ada", std::string(64, '0')}).state == ContentState::absent);
  CHECK(site.at(bob).videos().known(bob, {"bob", hash}).state == ContentState::absent);
  requireFault([&] { site.at(bob).videos().known(bob, {"ada", hash}); }, Fault::forbidden);
  requireFault([&] { site.at(Operator{}).videos().known(Operator{}, {"nobody", hash}); }, Fault::notFound);
  requireFault([&] { videos.known(ada, {"ada", "A" + hash.substr(1)}); }, Fault::malformed, "sha256");

  site.at(ada).videos().remove(ada, removing(video));
  site.at(ada).videos().remove(ada, removing(pending));
  CHECK(videos.known(ada, {"ada", hash}).state == gone);
  CHECK(drained(site).items.empty());
  const KnownContent purged = videos.known(ada, {"ada", hash});
  CHECK(purged.state == gone);
  CHECK_FALSE(purged.video.has_value());
  CHECK(purged.deleted.has_value() == (remember.count() > 0));
  const VideoId again = site.video(ada, "ada", "x", movie(1000, 1));
  CHECK(videos.known(ada, {"ada", hash}).state == ContentState::present);
  site.at(ada).videos().remove(ada, removing(again));
  drained(site);
  CHECK(videos.known(ada, {"ada", hash}).state == gone);
  // Deleting the user ends it.
  site.at(ada).users().remove(ada, {"ada", std::nullopt});
  drained(site);
  CHECK(site.at(Operator{}).deletions().list(Operator{}, {}).due == 0);
}

TEST_CASE("upload-sweep forgets contents that were deleted long ago") {
  Site site(Way::local, [](Settings& settings) {
    settings.videos.remember = std::chrono::hours{1};
    settings.deletions.remember = std::chrono::milliseconds{1};
  });
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x", movie(1000, 1));
  const std::string hash = site.at(ada).videos().show(ada, {video, std::nullopt}).sha256;
  site.at(ada).videos().remove(ada, removing(video));
  drained(site);
  CHECK(site.at(ada).videos().known(ada, {"ada", hash}).state == ContentState::deleted);
  site.at(Operator{}).tasks().run(Operator{}, {"upload-sweep"});
  CHECK(site.at(ada).videos().known(ada, {"ada", hash}).state == ContentState::absent);
}

TEST_CASE("a video removed with `now` is due at once, and a replaced content is purged by the next drain") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x", movie(1000, 1));
  site.at(ada).uploads().put(ada, {video, std::nullopt}, sourceOf(movie(1000, 2)));
  drained(site);
  site.at(ada).videos().remove(ada, removing(video, true));
  CHECK(drained(site, false).items.empty());
  CHECK(countFiles(site.data() / "blobs") == 0);
}

TEST_CASE("a replaced content that cannot be removed counts as failed") {
  Site site(Way::local, [](Settings& settings) { settings.deletions.retryDelay = std::chrono::hours{1}; });
  const Credential ada = site.user("ada");
  const VideoId video = site.video(ada, "ada", "x", movie(1000, 1));
  std::filesystem::path file;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(site.data() / "blobs"))
    if (entry.is_regular_file()) file = entry.path();
  site.at(ada).uploads().put(ada, {video, std::nullopt}, sourceOf(movie(1000, 2)));
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  Deletions& deletions = site.at(Operator{}).deletions();
  deletions.drain(Operator{}, {});
  const DeletionPage page = deletions.list(Operator{}, {});
  CHECK(page.failures == 1);
  CHECK(page.failed == 1);
  CHECK(page.due == 0);
}

TEST_CASE("everything of a deleted user is purged") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const VideoId his = site.video(bob, "bob", "his");
  for (int i = 0; i < 5; ++i) site.video(ada, "ada", "x", movie(500, i));
  site.at(ada).comments().post(ada, {his, "hello", std::nullopt});
  const VideoId trash = site.video(ada, "ada", "trash", movie(500, 9));
  site.at(ada).videos().remove(ada, removing(trash));
  site.at(ada).users().remove(ada, {"ada", std::nullopt});
  drained(site);
  drained(site);  // the user's own record is purged after the last video
  CHECK(countFiles(site.data() / "blobs") == 1);
  CHECK(site.at(Operator{}).users().list(Operator{}, {}).items.size() == 1);
}

TEST_CASE("only admins may use the record of the original scheduler, and a repeated request succeeds") {
  Site site(GENERATE(eachWay()));
  const Credential ada = site.user("ada");
  const Credential root = site.user("root", Role::admin);
  const VideoId video = site.video(ada, "ada", "x");
  requireFault([&] { site.at(ada).deletions().enqueue(ada, {video, std::nullopt}); }, Fault::forbidden);
  requireFault(
      [&] {
        site.at(Anonymous{}).deletions().enqueue(Anonymous{}, {video, std::nullopt});
      },
      Fault::unauthenticated);
  requireFault([&] { site.at(root).deletions().enqueue(root, {{"unknown"}, std::nullopt}); }, Fault::notFound);
  site.at(root).deletions().enqueue(root, {video, std::nullopt});
  site.at(root).deletions().enqueue(root, {video, std::nullopt});
  CHECK(site.at(root).deletions().list(root, {}).items.size() == 1);
  requireFault([&] { site.at(ada).deletions().list(ada, {}); }, Fault::forbidden);
  requireFault([&] { site.at(ada).deletions().drain(ada, {}); }, Fault::forbidden);
  requireFault([&] { site.at(ada).deletions().retry(ada, {video}); }, Fault::forbidden);
}

TEST_CASE("a failing purge is retried until it is given up, and can be retried by hand") {
  Site site(GENERATE(eachWay()), [](Settings& settings) {
    settings.deletions.maxTries = 2;
    settings.deletions.retryDelay = std::chrono::milliseconds{1};
    settings.tasks.timings.at("video-clear").enabled = false;
  });
  const Credential ada = site.user("ada");
  const VideoId bad = site.video(ada, "ada", "bad", movie(1000, 1));
  const VideoId good = site.video(ada, "ada", "good", movie(1000, 2));
  const auto blob = [&] {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(site.data() / "blobs"))
      if (entry.is_regular_file()) return entry.path();
    return std::filesystem::path();
  };
  site.at(ada).videos().remove(ada, removing(good, true));
  drained(site);
  const std::filesystem::path file = blob();
  std::filesystem::rename(file, site.data() / "kept");
  std::filesystem::create_directory(file);  // unlink fails
  Deletions& deletions = site.at(Operator{}).deletions();
  requireFault([&] { deletions.retry(Operator{}, {bad}); }, Fault::notFound);
  site.at(ada).videos().remove(ada, removing(bad));
  requireFault([&] { deletions.retry(Operator{}, {bad}); }, Fault::conflict, "has not failed");

  const std::uint64_t errors = observe::loggedErrors();
  DeletionPage page = drained(site);
  CHECK(page.failed + page.dead == 1);
  waitFor("the deletion is given up", [&] {
    if (page.dead == 0) page = drained(site);
    return page.dead > 0;
  });
  waitFor("that is an error", [&] { return observe::loggedErrors() == errors + 1; });
  REQUIRE(page.items.size() == 1);
  CHECK(page.items[0].video == bad);
  CHECK(page.items[0].state == DeletionState::dead);
  CHECK(page.items[0].tries == 2);
  CHECK(page.items[0].lastError.value_or("").find("irectory") != std::string::npos);
  CHECK(page.failures == 2);
  CHECK(page.purged == 1);
  requireFault([&] { site.at(ada).videos().restore(ada, {bad, std::nullopt}); }, Fault::conflict, "is purging");

  std::filesystem::remove(file);
  std::filesystem::rename(site.data() / "kept", file);
  const Deletion revived = deletions.retry(Operator{}, {bad});
  CHECK(revived.state != DeletionState::dead);
  CHECK(revived.tries == 0);
  page = drained(site);
  CHECK(page.items.empty());
  CHECK(page.purged == 2);
  CHECK(countFiles(site.data() / "blobs") == 0);
}
