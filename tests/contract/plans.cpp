// Checks the query plan of every statement that the operations have run.
#include <sqlite3.h>

#include "catch.hpp"
#include "contract/programs.hpp"
#include "contract/site.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;

namespace {

// Reports a comment, its video and its author, resolves that, blocks the video and its content, and undoes it.
void moderate(Site& site, const Credential& ada, const Credential& bob, const Credential& root,
              const Comment& comment) {
  Reports& reports = site.at(ada).reports();
  ReportComment ofComment;
  ofComment.video = comment.video;
  ofComment.comment = comment.id;
  ofComment.contact = "a@example.org";
  ReportUser ofUser;
  ofUser.user = "bob";
  const ReportId report = reports.comment(ada, ofComment).id.value();
  reports.video(bob, ofComment);
  reports.video(Anonymous{}, ofComment);
  reports.user(ada, ofUser);
  for (const auto& about : {std::optional<std::string>(), std::optional<std::string>("bob")})
    for (const auto& of : {std::optional<VideoId>(), std::optional(comment.video)}) {
      ReportQuery query;
      query.video = of;
      query.user = about;
      site.at(root).reports().list(root, query);
    }
  site.at(root).reports().show(root, {report});
  site.at(root).reports().resolve(root, {report, ReportDecision::dismissed, {}});
  ReportsMadeQuery made;
  made.user = "ada";
  reports.made(ada, made);
  site.at(root).users().mute(root, {"bob", systemClock().now() + std::chrono::hours{1}});
  site.at(root).users().unmute(root, {"bob"});
  Videos& videos = site.at(root).videos();
  const std::string hash = videos.show(root, {comment.video, {}}).sha256;
  site.at(root).contents().block(root, {hash, "x"});
  site.at(root).contents().list(root, {});
  site.at(root).contents().unblock(root, {hash});
  videos.block(root, {comment.video, "x"});
  RemoveVideo removing;
  removing.id = comment.video;
  site.at(ada).videos().remove(ada, removing);
  videos.unblock(root, {comment.video, {}});
  site.at(ada).videos().restore(ada, {comment.video, {}});
}

// Uploads in pieces: one of a new video, which is removed, and one of an existing video, whose size is said later.
void resume(Site& site, const Credential& ada, const Credential& root, const VideoId& video) {
  Uploads& uploads = site.at(ada).uploads();
  NewUpload wanted;
  const UploadId removed = uploads.create(ada, wanted).id;
  wanted.video = video;
  const UploadId id = uploads.create(ada, wanted).id;
  const std::string bytes = movie(2000, 3);
  uploads.append(ada, {.id = id}, sourceOf(bytes.substr(0, 1000)));
  uploads.resume(ada, {id});
  uploads.append(ada, {.id = id, .offset = 1000, .size = 2000}, sourceOf(bytes.substr(1000)));
  uploads.list(ada, {});
  uploads.abort(ada, {removed});
  site.at(root).uploads().list(root, {});
  uploads.create(ada, wanted);  // goes with the video
}

// Lets a guest upload through a drop link.
void dropSome(Site& site, const Credential& ada) {
  NewShare drop;
  drop.what = ShareWhat::drop;
  drop.user = "ada";
  drop.expires = systemClock().now() + std::chrono::hours{1};
  const CreatedShare made = site.at(ada).shares().create(ada, drop);
  const Credential guest = linkOf(made.url);
  const DroppedVideo came = site.at(guest).videos().drop(guest, {made.id, "x", 5000});
  const Credential upload = linkOf(came.uploadUrl);
  site.at(upload).uploads().put(upload, {came.id, {}}, sourceOf(movie(1000, 9)));
  ShareQuery drops;
  drops.user = "ada";
  site.at(ada).shares().list(ada, drops);
  site.at(ada).shares().revoke(ada, {{}, made.id, "ada"});
}

void runEverything(Site& site) {
  const Credential ada = site.user("ada");
  const Credential bob = site.user("bob");
  const Credential root = site.user("root", Role::admin);
  const VideoId video = site.video(ada, "ada", "x");
  site.at(ada).uploads().put(ada, {video, std::nullopt}, sourceOf(movie(2000, 2)));
  site.at(ada).uploads().begin(ada, {video, 1, std::nullopt});
  resume(site, ada, root, video);
  for (const auto sort : {VideoSort::created, VideoSort::name, VideoSort::size, VideoSort::duration})
    for (const Credential& by : {ada, root})
      for (const auto state : {std::optional<VideoState>(), std::optional(VideoState::ready)}) {
        VideoQuery query;
        query.sort = sort;
        query.state = state;
        for (const bool reverse : {false, true}) {
          query.reverse = reverse;
          site.at(by).videos().list(by, query);
        }
      }
  VideoQuery tagged;
  tagged.tag = "x";
  for (const bool reverse : {false, true}) {
    tagged.reverse = reverse;
    for (const Credential& by : {ada, root}) site.at(by).videos().list(by, tagged);
  }
  site.at(Anonymous{}).videos().newest(Anonymous{}, {});
  site.at(Anonymous{}).videos().newest(Anonymous{}, {{}, "x"});
  VideoQuery same;
  same.sha256 = std::string(64, '0');
  site.at(ada).videos().list(ada, same);
  site.at(ada).videos().known(ada, {"ada", same.sha256.value()});
  UserVideosQuery of;
  of.user = "ada";
  site.at(Anonymous{}).videos().listOf(Anonymous{}, of);
  site.at(ada).videos().listOf(ada, of);
  site.at(root).users().list(root, {});
  const Comment comment = site.at(bob).comments().post(bob, {video, "hello", 5});
  CommentQuery comments;
  comments.video = video;
  const auto listComments = [&] {
    for (const bool reverse : {false, true}) {
      comments.reverse = reverse;
      for (const Credential& by : {ada, root}) site.at(by).comments().list(by, comments);
    }
  };
  CommentsByQuery byBob;
  byBob.user = "bob";
  site.at(root).comments().listBy(root, byBob);
  byBob.reverse = true;
  site.at(root).comments().listBy(root, byBob);
  listComments();
  comments.by = CommentOrder::position;
  listComments();
  comments.by = CommentOrder::newest;
  listComments();
  comments.position = CommentPosition::none;
  listComments();
  comments.by.reset();
  listComments();
  comments.position.reset();
  comments.parent = comment.id;
  listComments();
  site.at(ada).comments().importFrom(ada, {video, {}}, sourceOf("{\"position_ms\":1,\"content\":\"x\",\"id\":\"y\"}"));
  site.at(ada).comments().exportAs(ada, {video, {}});
  site.at(ada).comments().heat(ada, {video});
  for (const char* const user : {"bob", "ada"}) {
    SetVideo give;
    give.id = video;
    give.user = user;
    site.at(root).videos().set(root, give);
  }
  WatchVideo watch;
  watch.video = video;
  watch.positionMs = 20'000;
  watch.durationMs = 20'000;
  watch.cursor = site.at(bob).views().watch(bob, watch).cursor;
  site.at(ada).views().watch(ada, watch);
  site.at(bob).views().resume(bob, {video});
  HistoryQuery history;
  history.user = "bob";
  site.at(bob).views().history(bob, history);
  site.at(bob).views().clear(bob, {"bob", video});
  site.at(bob).views().watch(bob, watch);
  site.at(ada).views().clear(ada, {"ada", {}});
  site.local().comments().setOptions({{"spam"}, 1});
  const Comment reply = site.at(ada).comments().post(ada, {video, "reply", {}, comment.id});
  moderate(site, ada, bob, root, comment);
  site.at(bob).comments().remove(bob, {video, comment.id});
  site.at(ada).comments().list(ada, comments);
  site.at(root).comments().listHeld(root, {});
  HeldCommentQuery held;
  held.user = "ada";
  site.at(root).comments().listHeld(root, held);
  site.at(root).comments().approve(root, {reply.id});
  site.at(root).comments().rehearseRemoveBy(root, {{"ada", Time{}, {}}, {}});
  site.at(root).comments().removeBy(root, {"ada", Time{}});
  NewToken token;
  token.user = "ada";
  token.label = "x";
  const CreatedToken made = site.at(ada).tokens().create(ada, token);
  const Credential byToken = Secret{made.token, false};
  site.at(byToken).sessions().whoami(byToken, {});
  for (const Credential& by : {ada, root}) {
    OfUserQuery ofAda;
    ofAda.name = "ada";
    for (const OfUserQuery& which : {OfUserQuery(), ofAda}) {
      site.at(by).tokens().list(by, which);
      site.at(by).sessions().list(by, which);
    }
  }
  NewShare share;
  share.video = video;
  share.expires = systemClock().now() + std::chrono::hours{1};
  const CreatedShare shared = site.at(ada).shares().create(ada, share);
  site.at(ada).shares().list(ada, {{}, video});
  const std::size_t expires = shared.url.find("&exp=");
  const std::size_t signature = shared.url.find("&sig=");
  const Credential link = SignedLink{shared.id.text, shared.url.substr(expires + 5, signature - expires - 5),
                                     shared.url.substr(signature + 5)};
  site.at(link).videos().open(link, {video, {}});
  site.at(ada).shares().revoke(ada, {video, shared.id});
  const std::string subtitles = "1\n00:00:01,000 --> 00:00:02,000\nx\n";
  for (int i = 0; i < 2; ++i) site.at(ada).subtitles().put(ada, {video, "en", {}}, sourceOf(subtitles));
  site.at(ada).subtitles().put(ada, {video, "de", {}}, sourceOf(subtitles));
  SubtitleQuery languages;
  languages.video = video;
  site.at(ada).subtitles().list(ada, languages);
  site.at(ada).subtitles().open(ada, {video, "en"});
  site.at(ada).subtitles().remove(ada, {video, "de"});
  dropSome(site, ada);
  Renditions& renditions = site.at(ada).renditions();
  renditions.setThumbnail(ada, {video}, sourceOf(picture()));
  renditions.thumbnail(ada, {video, {}});
  renditions.list(ada, {video});
  renditions.removeThumbnail(ada, {video});
  renditions.render(ada, {video, true});
  renditions.render(ada, {video, std::nullopt, RenditionForm::thumbnail});
  renditions.render(ada, {video, std::nullopt, RenditionForm::play});
  renditions.listQueued(ada, {});
  site.at(root).renditions().listQueued(root, {});
  const AddedVideo pending = site.at(ada).videos().add(ada, {"ada", "by link"});
  site.at(ada).videos().set(ada, {.id = pending.id,
                                  .name = "y",
                                  .description = "z",
                                  .visibility = Visibility::private_,
                                  .tags = std::vector<std::string>{"a", "b"}});
  ChangeUser change;
  change.name = "bob";
  change.password = "another password";
  site.at(root).users().change(root, change);
  site.at(Anonymous{}).sessions().login(Anonymous{}, {"ada", {}, "password-of-ada", {}});
  const Credential again =
      Secret{site.at(Anonymous{}).sessions().login(Anonymous{}, {"ada", {}, "password-of-ada", {}}).sessionId.value()};
  site.at(again).sessions().logout(again, {});
  for (const Session& session : site.at(ada).sessions().list(ada, {}).items)
    if (!session.current) site.at(ada).sessions().revoke(ada, {session.id});
  site.at(root).sessions().revokeAll(root, {"bob"});
  site.at(root).tokens().revokeAll(root, {"bob"});
  RevokeTokens labelled;
  labelled.label = "none";
  site.at(root).tokens().revokeAll(root, labelled);
  labelled.name = "bob";
  site.at(root).tokens().revokeAll(root, labelled);
  site.at(ada).tokens().revoke(ada, {made.id});
  const Export exported = site.at(ada).exports().start(ada, {"ada"});
  waitFor("the export is ready", [&] {
    return site.at(ada).exports().open(ada, {"ada", exported.id}).meta.type == exportType;
  });
  RemoveVideo removing;
  removing.id = video;
  site.at(ada).videos().remove(ada, removing);
  DeletionQuery waiting;
  waiting.state = DeletionState::waiting;
  site.at(root).deletions().list(root, {});
  site.at(root).deletions().list(root, waiting);
  site.at(root).deletions().rehearseDrain(root, {});
  site.at(ada).videos().restore(ada, {video, std::nullopt});
  site.at(root).users().remove(root, {"bob", "ada"});
  site.at(ada).videos().remove(ada, removing);
  RemoveVideo now;
  now.id = site.video(root, "root", "z");
  now.now = true;
  site.at(root).videos().remove(root, now);
  site.at(ada).users().remove(ada, {"ada", std::nullopt});
  site.at(root).deletions().drain(root, {true});
  for (const char* const task : {"orphan-sweep", "report-sweep", "upload-sweep", "session-sweep", "view-sweep",
                                 "media-probe", "thumbnails", "renditions"}) {
    site.at(root).tasks().run(root, {task});
    TaskRunQuery runs;
    runs.name = task;
    site.at(root).tasks().history(root, runs);
  }
  site.at(root).tokens().revokeAll(root, {});
  site.at(root).sessions().revokeAll(root, {});
}

// Takes over a user, two videos, one of which is refused, and a comment.
void importSite(LocalToolkit& toolkit) {
  const std::string dump =
      "INSERT INTO users (id, login_name, pwd) VALUES (1, 'hara', '');"
      "INSERT INTO video_info (id, author_id, name) VALUES ('v', 1, 'x'), ('text', 1, 'y');"
      "INSERT INTO video_del_rec (video_id) VALUES ('v');"
      "INSERT INTO comments (id, video_id, author_id, content) VALUES ('c', 'v', 1, 'x');";
  const std::string video = movie(3000, 77);
  const std::string text = "only text";
  const ImportFiles files{[&](std::uint64_t offset, std::span<char> to) {
                            const std::string rest = dump.substr(std::min<std::size_t>(offset, dump.size()), to.size());
                            std::copy(rest.begin(), rest.end(), to.begin());
                            return rest.size();
                          },
                          [&](const std::string& name) -> std::optional<ByteSource> {
                            return name == "v" ? sourceOf(video) : sourceOf(text);
                          },
                          [] { return std::vector<std::string>{}; }};
  const auto run = [&] { return toolkit.dataImport().run(files, {}, [](const ImportedThing&) {}, {}); };
  const ImportTotals first = run();
  CHECK(first.users + first.videos + first.comments == 3);
  CHECK(run().before == 3);
}

}  // namespace

TEST_CASE("no statement scans a table or sorts") {
  const Programs failing("exit 1");  // what is made of a video fails
  Site site(Way::local, [&](Settings& settings) {
    settings.deletions.remember = std::chrono::milliseconds{1};
    settings.tasks.keepReports = {};
    settings.renditions.programs = failing.folder();
    settings.renditions.transcode = TranscodeMode::h264;
  });
  importSite(site.local());
  runEverything(site);
  std::size_t explained = 0;
  std::size_t listed = 0;
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open_v2((site.data() / "video.db").c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
  for (const std::string& sql : site.local().statements()) {
    sqlite3_stmt* plan = nullptr;
    const std::string question = "EXPLAIN QUERY PLAN " + sql;
    if (sqlite3_prepare_v2(database, question.c_str(), -1, &plan, nullptr) != SQLITE_OK) continue;  // BEGIN, PRAGMA …
    while (sqlite3_step(plan) == SQLITE_ROW) {
      const std::string_view step = reinterpret_cast<const char*>(sqlite3_column_text(plan, 3));
      INFO(sql << "\n  " << step);
      CHECK(step.find("TEMP B-TREE") == std::string_view::npos);
      // A constant row is not a table scan.
      CHECK((!step.starts_with("SCAN") || step.starts_with("SCAN CONSTANT")));
      ++explained;
      if (step.find("USING INDEX video_listed") != std::string_view::npos) ++listed;
    }
    sqlite3_finalize(plan);
  }
  sqlite3_close(database);
  CHECK(explained > 60);
  // Lists for everyone must not walk what is not listed.
  CHECK(listed >= 2);
}
