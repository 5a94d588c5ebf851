// Metrics, the rules and the dashboard made from them, and errors for Sentry.
#include <httplib.h>
#include <signal.h>

#include <atomic>
#include <mutex>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

#include "catch.hpp"
#include "e2e/front.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

const fs::path monitoring = fs::path(VIDEO_SOURCE_DIR) / "etc/monitoring";

std::string metricsOf(const Daemon& daemon) {
  return run({"curl", "-s", "--unix-socket", (daemon.dataDirectory() / "videod.sock").string(),
              "http://localhost/metrics"})
      .out;
}

// All series, without their values.
std::set<std::string> seriesIn(const std::string& metrics) {
  std::set<std::string> series;
  std::istringstream lines(metrics);
  for (std::string text; std::getline(lines, text);)
    if (!text.empty() && text[0] != '#') series.insert(text.substr(0, text.rfind(' ')));
  return series;
}

std::set<std::string> metricNamesIn(const std::string& text) {
  static const std::regex name(R"(\b(videod|process)_[a-z0-9_]+)");
  std::set<std::string> names;
  for (std::sregex_iterator found(text.begin(), text.end(), name), end; found != end; ++found)
    names.insert(found->str());
  return names;
}

double valueOf(const std::string& metrics, const std::string& series) {
  const std::size_t at = metrics.find("\n" + series + " ");
  REQUIRE(at != std::string::npos);
  return std::stod(metrics.substr(at + series.size() + 2));
}

}  // namespace

TEST_CASE("the number of series does not depend on what clients send") {
  Daemon daemon;
  const auto flood = [&](int from, int to) {
    std::vector<std::string> words{"curl", "-s"};
    for (int i = from; i < to; ++i) {
      const std::string odd = "x" + std::to_string(i) + "%22%0a%00";
      const std::vector<std::vector<std::string>> kinds{{"/no/" + odd},
                                                        {"/user/" + odd},
                                                        {"/videos/" + odd + "?a=" + odd},
                                                        {"/user/" + odd, "-X", "ODD" + std::to_string(i)},
                                                        {"/user", "-d", R"({"user_name":")" + odd + "\"}"}};
      for (const std::vector<std::string>& kind : kinds) {
        if (words.size() > 2) words.emplace_back("--next");
        words.insert(words.end(),
                     {"-s", "-o", "/dev/null", "-H", "X-" + odd.substr(0, 4) + ": 1", "-A", "agent " + odd});
        words.insert(words.end(), kind.begin() + 1, kind.end());
        words.push_back(daemon.url() + kind[0]);
      }
    }
    REQUIRE(run(words).status == 0);
  };
  flood(0, 5);
  metricsOf(daemon);  // counts itself from the next time on
  const auto before = seriesIn(metricsOf(daemon));
  flood(5, 40);
  const auto after = seriesIn(metricsOf(daemon));
  std::string added;
  for (const std::string& one : after)
    if (!before.contains(one)) added += one + '\n';
  CHECK(added == "");
  CHECK(before.size() < 400);
}

TEST_CASE("metrics tell of data, process and version, and promtool finds nothing wrong with them") {
  Daemon daemon;
  run({"curl", "-s", "-o", "/dev/null", "-d", R"({"user_name":"anna","pwd":"correct horse"})", daemon.url() + "/user"});
  const std::string metrics = metricsOf(daemon);
  INFO(metrics);
  CHECK(metrics.find("videod_build_info{version=\"") != std::string::npos);
  CHECK(valueOf(metrics, "videod_commit_writes_count") >= 1);
  CHECK(valueOf(metrics, "videod_commit_writes_bucket{le=\"+Inf\"}") == valueOf(metrics, "videod_commit_writes_count"));
  CHECK(valueOf(metrics, "videod_commit_writes_sum") == valueOf(metrics, "videod_writes_total"));
  CHECK(valueOf(metrics, "videod_wal_bytes") > 0);
  CHECK(valueOf(metrics, "videod_disk_free_bytes") > 0);
  CHECK(valueOf(metrics, "videod_disk_floor_bytes") == 1 << 30);
  CHECK(valueOf(metrics, "videod_deletions_oldest_due_seconds") == 0);
  CHECK(valueOf(metrics, "videod_task_runs_failed_total{task=\"verify\"}") == 0);
  CHECK(valueOf(metrics, "videod_task_enabled{task=\"backup\"}") == 0);
  CHECK(valueOf(metrics, "process_open_fds") > 5);
  CHECK(valueOf(metrics, "process_max_fds") >= valueOf(metrics, "process_open_fds"));
  CHECK(valueOf(metrics, "process_resident_memory_bytes") > 1 << 20);
  CHECK(valueOf(metrics, "process_cpu_seconds_total") >= 0);
  const auto now = std::chrono::system_clock::now().time_since_epoch() / std::chrono::seconds{1};
  const double start = valueOf(metrics, "process_start_time_seconds");
  CHECK(start <= static_cast<double>(now) + 2);
  CHECK(start > static_cast<double>(now - patience / std::chrono::seconds{1}) - 5);
  for (int i = 0; i < 20; ++i) CHECK(valueOf(metricsOf(daemon), "process_start_time_seconds") == start);
  if (!isInstalled("promtool")) return;
  const Ended checked = run({"promtool", "check", "metrics"}, {{}, metrics, {}});
  CHECK(checked.status == 0);
  CHECK(checked.out + checked.err == "");
}

TEST_CASE("every metric of the rules and the dashboard exists") {
  Daemon daemon("[task.session-sweep]\nevery = \"10ms\"\njitter = \"0s\"\n");
  metricsOf(daemon);  // the first answer is counted by the next
  std::set<std::string> known;
  test::waitFor("a task has run", [&] {
    known = metricNamesIn(metricsOf(daemon));
    return known.contains("videod_task_last_run_timestamp_seconds");
  });
  std::size_t count = 0;
  for (const char* const file : {"alerts.yml", "alerts_test.yml", "grafana.json"})
    for (const std::string& name : metricNamesIn(read(monitoring / file))) {
      INFO(file << ": " << name);
      CHECK(known.contains(name));
      ++count;
    }
  CHECK(count > 50);
  // Each rule has a test that it fires and one that it does not.
  static const std::regex rule(R"(- alert: (\w+))");
  const std::string rules = read(monitoring / "alerts.yml");
  const std::string tests = read(monitoring / "alerts_test.yml");
  for (std::sregex_iterator found(rules.begin(), rules.end(), rule), end; found != end; ++found) {
    INFO((*found)[1]);
    CHECK(tests.find((*found)[1].str() + " fires") != std::string::npos);
    CHECK(tests.find((*found)[1].str() + " is quiet") != std::string::npos);
  }
}

TEST_CASE("promtool accepts the rules, and its tests of them pass") {
  if (!isInstalled("promtool")) return;
  const Ended checked = run({"promtool", "check", "rules", (monitoring / "alerts.yml").string()});
  INFO(checked.out << checked.err);
  CHECK(checked.status == 0);
  const Ended tested = run({"promtool", "test", "rules", (monitoring / "alerts_test.yml").string()});
  INFO(tested.out << tested.err);
  CHECK(tested.status == 0);
}

TEST_CASE("a task that fails is counted, and sent to Sentry without what is private") {
  httplib::Server sentry;
  std::mutex mutex;
  std::string got;
  sentry.Post("/api/7/envelope/", [&](const httplib::Request& request, httplib::Response&) {
    const std::lock_guard lock(mutex);
    got += request.get_header_value("X-Sentry-Auth") + '\n' + request.body;
  });
  const int port = sentry.bind_to_any_port("127.0.0.1");
  std::jthread serving([&] { sentry.listen_after_bind(); });
  test::waitFor("it listens", [&] { return sentry.is_running(); });
  const std::string key = "0123456789abcdefkey";
  keepSecret(key);  // nothing of ours may print it
  {
    Daemon daemon("[log]\nlevel = \"debug\"\nsentry_dsn = \"http://" + key + "@127.0.0.1:" + std::to_string(port) +
                  "/7\"\n");
    const std::string config = (daemon.dataDirectory().parent_path() / "ctl.toml").string();
    write(config, "data_dir = \"" + daemon.dataDirectory().string() + "\"\n");
    fs::rename(daemon.dataDirectory() / "blobs", daemon.dataDirectory() / "elsewhere");
    CHECK(videoctl({"--config", config, "task", "run", "orphan-sweep"}).status == 0);
    test::waitFor("the error is sent", [&] {
      const std::lock_guard lock(mutex);
      return got.find("\"task\":\"orphan-sweep\"") != std::string::npos;
    });
    fs::rename(daemon.dataDirectory() / "elsewhere", daemon.dataDirectory() / "blobs");
    std::string metrics;
    test::waitFor("it is counted", [&] {
      metrics = metricsOf(daemon);
      return valueOf(metrics, "videod_sentry_events_total{result=\"sent\"}") >= 1;
    });
    CHECK(valueOf(metrics, "videod_task_runs_failed_total{task=\"orphan-sweep\"}") == 1);
    CHECK(valueOf(metrics, "videod_errors_total") >= 1);
    CHECK(daemon.terminate() == 0);
    const std::lock_guard lock(mutex);
    CHECK(got.find("sentry_key=" + key) != std::string::npos);
    CHECK(got.find("task failed") != std::string::npos);
    CHECK(got.find(daemon.dataDirectory().string()) == std::string::npos);
  }
  sentry.stop();
}
