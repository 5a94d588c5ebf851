// Where RFC 9112 lets a server either refuse or repair a request, it is refused with a reply and the connection is
// closed.
#include "http_client.hpp"

using namespace http_test;

namespace {

/// Returns the statuses of all replies to `bytes`, in order, then `closed` or `open` for the connection.
std::string statusesOf(const Running& server, const std::string& bytes, bool open) {
  RawClient client(server.address);
  client.send(bytes);
  std::string statuses;
  for (;;) {
    const Reply reply = client.read();
    if (reply.status == 0) return statuses + "closed";
    statuses += fmt::format("{} ", reply.status);
    if (reply.has("Connection: close")) continue;
    if (open && statuses.size() == 4) return statuses + "open";
  }
}

}  // namespace

TEST_CASE("a request that violates RFC 9112 is refused with a reply, never repaired") {
  Running server;
  const std::string host = "Host: a\r\n";
  const std::string hidden = "GET /small HTTP/1.1\r\nHost: a\r\n\r\n";  // must not be taken for a second request
  const auto get = [&](const std::string& headers) { return "GET /small HTTP/1.1\r\n" + host + headers + "\r\n"; };
  const auto post = [&](const std::string& headers, const std::string& body) {
    return "POST /collect HTTP/1.1\r\n" + host + headers + "\r\n" + body;
  };
  const std::pair<std::string, const char*> refused[] = {
      // Framing (§6)
      {post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + hidden), "400 closed"},
      {post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n" + hidden), "400 closed"},
      {post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello" + hidden), "400 closed"},
      {post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello" + hidden), "400 closed"},
      {post("Content-Length: 5, 5\r\n", "hello" + hidden), "400 closed"},
      {post("Content-Length: +5\r\n", "hello"), "400 closed"},
      {post("Content-Length: -5\r\n", "hello"), "400 closed"},
      {post("Content-Length: 0x5\r\n", "hello"), "400 closed"},
      {post("Content-Length: 5 5\r\n", "hello"), "400 closed"},
      {post("Content-Length:\r\n", "hello"), "400 closed"},
      {post("Content-Length: 99999999999999999999\r\n", "hello"), "400 closed"},
      {post("Transfer-Encoding: gzip\r\n", ""), "501 closed"},
      {post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), "501 closed"},
      {post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), "501 closed"},
      {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "501 closed"},
      {post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), "501 closed"},
      {"POST /collect HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "g\r\n"), "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "-1\r\n"), "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "5 zz\r\nhello\r\n0\r\n\r\n"), "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "5 5\r\nhello\r\n0\r\n\r\n"), "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "5 \r\nhello\r\n0\r\n\r\n"), "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "5\t;\r\nhello\r\n0\r\n\r\n"), "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "5;x y\r\nhello\r\n0\r\n\r\n"), "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "5;x=\r\nhello\r\n0\r\n\r\n"), "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "5;x=\"y\r\nhello\r\n0\r\n\r\n"), "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "5;x=\"y\"z\r\nhello\r\n0\r\n\r\n"), "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nno trailer\r\n\r\n"), "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nGET /small HTTP/1.1\r\n\r\n"), "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n: t\r\n\r\n"), "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nA : t\r\n\r\n"), "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nA: t\r\n u\r\n\r\n"), "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "1\nx\r\n0\r\n\r\n"), "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "1\r\nxy\r\n0\r\n\r\n"), "400 closed"},
      {post("Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n"), "400 closed"},
      // Lines (§2.2, §5)
      {"GET /small HTTP/1.1\nHost: a\n\n", "400 closed"},
      {"GET /small HTTP/1.1\r\nHost: a\n\r\n", "400 closed"},
      {"GET /small HTTP/1.1\r\nHost: a\rb: c\r\n\r\n", "400 closed"},
      {"GET /sm\rall HTTP/1.1\r\nHost: a\r\n\r\n", "400 closed"},
      {"GET /small HTTP/1.1\r\r\nHost: a\r\n\r\n", "400 closed"},
      {"GET /small HTTP/1.1\rHost: a\r\n\r\n", "400 closed"},
      {get("A: b\r\n c\r\n"), "400 closed"},
      {get("A: b\r\n\tc\r\n"), "400 closed"},
      {"GET /small HTTP/1.1\r\n Host: a\r\n\r\n", "400 closed"},
      {get(std::string("A: b\0c\r\n", 8)), "400 closed"},
      {get("A: b\x01"
           "c\r\n"),
       "400 closed"},
      {get("A: b\x7f"
           "c\r\n"),
       "400 closed"},
      {get("A : b\r\n"), "400 closed"},
      {get(": b\r\n"), "400 closed"},
      {get("A\r\n"), "400 closed"},
      {get("A(: b\r\n"), "400 closed"},
      {"GET /small HTTP/1.1\r\n\r\n", "400 closed"},
      {get(host), "400 closed"},
      {"GET /small HTTP/1.1\r\nHost: a b\r\n\r\n", "400 closed"},
      {"GET /small HTTP/1.1\r\nHost: a/b\r\n\r\n", "400 closed"},
      // The request line (§3)
      {"GET  /small HTTP/1.1\r\n" + host + "\r\n", "400 closed"},
      {"GET /small  HTTP/1.1\r\n" + host + "\r\n", "400 closed"},
      {" GET /small HTTP/1.1\r\n" + host + "\r\n", "400 closed"},
      {"GET\t/small\tHTTP/1.1\r\n" + host + "\r\n", "400 closed"},
      {"GET /sm all HTTP/1.1\r\n" + host + "\r\n", "400 closed"},
      {"GET /small\r\n\r\n", "400 closed"},
      {"GET small HTTP/1.1\r\n" + host + "\r\n", "400 closed"},
      {"GET /small#there HTTP/1.1\r\n" + host + "\r\n", "400 closed"},
      {"GET /%zz HTTP/1.1\r\n" + host + "\r\n", "400 closed"},
      {"GET /%00 HTTP/1.1\r\n" + host + "\r\n", "400 closed"},
      {"GET * HTTP/1.1\r\n" + host + "\r\n", "400 closed"},
      {"GET ftp://a/small HTTP/1.1\r\n" + host + "\r\n", "400 closed"},
      {"GET http:///small HTTP/1.1\r\n" + host + "\r\n", "400 closed"},
      {"CONNECT a:80 HTTP/1.1\r\n" + host + "\r\n", "400 closed"},
      {"G@T /small HTTP/1.1\r\n" + host + "\r\n", "400 closed"},
      {"GET /small http/1.1\r\n" + host + "\r\n", "400 closed"},
      {"GET /small HTTP/1.10\r\n" + host + "\r\n", "400 closed"},
      {"GET /small HTTP/2.0\r\n" + host + "\r\n", "505 closed"},
      {std::string("\x16\x03\x01\x02\x00\x01", 6), "400 closed"},  // the start of a TLS handshake
      // Limits
      {"GET /" + std::string(8200, 'a') + " HTTP/1.1\r\n" + host + "\r\n", "414 closed"},
      {get("A: " + std::string(17000, 'a') + "\r\n"), "431 closed"},
      {get([] {
         std::string lines;
         for (int i = 0; i < 200; ++i) lines += "A: b\r\n";
         return lines;
       }()),
       "431 closed"},
      {get("Expect: 200-ok\r\n"), "417 closed"},
      // Versions and connections (§9.3)
      {"GET /small HTTP/1.0\r\n\r\n", "200 closed"},
      {get("Connection: close\r\n"), "200 closed"},
      {get("Connection: keep-alive, Close\r\n"), "200 closed"},
      {get("") + "nonsense\r\n\r\n", "200 400 closed"},
      {get("") + get("Connection: close\r\n") + hidden, "200 200 closed"},
  };
  for (const auto& [bytes, expected] : refused) {
    INFO(bytes.substr(0, 200));
    CHECK(statusesOf(server, bytes, false) == expected);
  }
  const std::string good[] = {
      get(""),
      "\r\n\r\n" + get(""),
      "GET http://a/small HTTP/1.1\r\nHost: other\r\n\r\n",
      "GET HTTPS://a:8000?q HTTP/1.1\r\nHost: a\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\n" + host + "\r\n",
      "BREW /small HTTP/1.1\r\n" + host + "\r\n",
      "GET /small HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
      "GET /small HTTP/1.7\r\n" + host + "\r\n",
      get("A:b\r\nB:\r\nC: \t c \t\r\nD: \xff\xfe\r\n"),
      "GET /" + std::string(8000, 'a') + " HTTP/1.1\r\n" + host + "\r\n",
      post("Content-Length: 0005\r\n", "hello"),
      post("transfer-encoding: Chunked\r\n", "5;x=\"y\"\r\nhello\r\n0\r\nTrailer: t\r\n\r\n"),
      post("Transfer-Encoding: chunked\r\n",
           "05 ; a\t; b = c ;d=\"e \\\"f\"\t;g\r\nhello\r\n00;h\r\nA:\r\nB: t u\r\n\r\n"),
  };
  for (const std::string& bytes : good) {
    INFO(bytes.substr(0, 200));
    CHECK(statusesOf(server, bytes, true) == "200 open");
  }
  CHECK(soon([&] { return server.service.holding == 0; }));
}
