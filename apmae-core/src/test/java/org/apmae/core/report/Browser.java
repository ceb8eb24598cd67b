package org.apmae.core.report;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A headless Chromium, driven over its DevTools protocol. It notes every complaint on the console and every request that leaves
 * the page.
 */
public final class Browser implements AutoCloseable {
    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
    private static final long SECONDS = 90;

    private final Process process;
    private final Path profile;
    private final WebSocket socket;
    private final AtomicInteger next = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonObject>> waiting = new ConcurrentHashMap<>();
    private final List<String> complaints = new CopyOnWriteArrayList<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();

    private Browser(Process process, Path profile, URI page) {
        this.process = process;
        this.profile = profile;
        this.socket = await(HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(page, new Listener()));
        for (String domain : List.of("Page", "Runtime", "Log", "Network")) {
            call(domain + ".enable", Map.of());
        }
    }

    /**
     * Finds the browser.
     *
     * @return the program, or empty where this machine has none on its path
     */
    public static Optional<Path> program() {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
                .filter(folder -> !folder.isEmpty())
                .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /**
     * Starts the browser.
     *
     * @param program the program
     * @return the browser with an empty page
     * @throws IOException if it does not start
     */
    public static Browser start(Path program) throws IOException {
        Path profile = Files.createTempDirectory("apmae-browser");
        Process process = new ProcessBuilder(
                        program.toString(),
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--no-first-run",
                        "--hide-scrollbars",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + profile,
                        "about:blank")
                .redirectErrorStream(true)
                .start();
        BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            int at = line.indexOf("ws://");
            if (line.contains("DevTools listening") && at >= 0) {
                drain(output);
                return new Browser(process, profile, page(URI.create(line.substring(at))));
            }
        }
        throw new IOException(program + " ended before it listened");
    }

    /** A full pipe would stop the browser. */
    private static void drain(BufferedReader output) {
        Thread thread = new Thread(
                () -> {
                    try {
                        output.transferTo(Writer.nullWriter());
                    } catch (IOException e) {
                        // The browser has ended.
                        Thread.currentThread().interrupt();
                    }
                },
                "browser-output");
        thread.setDaemon(true);
        thread.start();
    }

    private static URI page(URI browser) throws IOException {
        try {
            String pages = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create("http://" + browser.getAuthority() + "/json/list"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
            for (JsonElement page : JsonParser.parseString(pages).getAsJsonArray()) {
                JsonObject target = page.getAsJsonObject();
                if (target.get("type").getAsString().equals("page")) {
                    return URI.create(target.get("webSocketDebuggerUrl").getAsString());
                }
            }
            throw new IOException("the browser has no page: " + pages);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder message = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
            message.append(part);
            if (last) {
                accept(JsonParser.parseString(message.toString()).getAsJsonObject());
                message.setLength(0);
            }
            from.request(1);
            return CompletableFuture.completedStage(null);
        }
    }

    private void accept(JsonObject message) {
        if (message.has("id")) {
            CompletableFuture<JsonObject> answer =
                    waiting.remove(message.get("id").getAsInt());
            if (answer != null) {
                answer.complete(message);
            }
            return;
        }
        JsonObject parameters = message.has("params") ? message.get("params").getAsJsonObject() : new JsonObject();
        switch (message.get("method").getAsString()) {
            case "Runtime.exceptionThrown" -> complaints.add(parameters.toString());
            case "Runtime.consoleAPICalled" -> {
                if (!parameters.get("type").getAsString().equals("log")) {
                    complaints.add(parameters.toString());
                }
            }
            case "Log.entryAdded" -> complaints.add(parameters.toString());
            case "Network.requestWillBeSent" -> {
                String url = parameters.getAsJsonObject("request").get("url").getAsString();
                if (!url.startsWith("data:")) {
                    requests.add(url);
                }
            }
            default -> {
                // The other events are of no interest.
            }
        }
    }

    private static <T> T await(CompletableFuture<T> future) {
        try {
            return future.get(SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        } catch (ExecutionException | TimeoutException e) {
            throw new AssertionError("the browser does not answer", e);
        }
    }

    private JsonObject call(String method, Map<String, Object> parameters) {
        int id = next.incrementAndGet();
        CompletableFuture<JsonObject> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        JsonObject message = new JsonObject();
        message.addProperty("id", id);
        message.addProperty("method", method);
        JsonObject json = new JsonObject();
        parameters.forEach((key, value) -> {
            if (value instanceof Number number) {
                json.addProperty(key, number);
            } else if (value instanceof Boolean flag) {
                json.addProperty(key, flag);
            } else if (value instanceof JsonElement element) {
                json.add(key, element);
            } else {
                json.addProperty(key, value.toString());
            }
        });
        message.add("params", json);
        await(socket.sendText(message.toString(), true));
        JsonObject result = await(answer);
        if (result.has("error")) {
            throw new AssertionError(method + ": " + result.get("error"));
        }
        return result.getAsJsonObject("result");
    }

    /**
     * Opens a file and waits until its scripts have run.
     *
     * @param file the page
     * @param width of the window in pixels
     * @param dark whether the reader likes dark pages
     */
    public void open(Path file, int width, boolean dark) {
        call(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", 1000, "deviceScaleFactor", 1, "mobile", false));
        call(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "features",
                        JsonParser.parseString("[{\"name\":\"prefers-color-scheme\",\"value\":\""
                                + (dark ? "dark" : "light") + "\"}]")));
        call("Page.navigate", Map.of("url", file.toUri().toString()));
        waitFor("document.documentElement?.dataset.ready === 'yes' && location.protocol === 'file:'");
    }

    /**
     * Computes an expression in the page.
     *
     * @param expression JavaScript
     * @return its value as JSON
     */
    public JsonElement evaluate(String expression) {
        JsonObject result =
                call("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
        if (result.has("exceptionDetails")) {
            throw new AssertionError(expression + ": " + result.get("exceptionDetails"));
        }
        JsonElement value = result.getAsJsonObject("result").get("value");
        return value == null ? JsonNull.INSTANCE : value;
    }

    /**
     * Waits until an expression is true.
     *
     * @param expression JavaScript
     */
    public void waitFor(String expression) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (!evaluate("Boolean(" + expression + ")").getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("never true in the page: " + expression + "; complaints: " + complaints);
            }
            try {
                Thread.sleep(50);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(e);
            }
        }
    }

    /**
     * Clicks with the mouse in the middle of an element.
     *
     * @param selector CSS selector of the element
     */
    public void click(String selector) {
        String find = "document.querySelector(" + quoted(selector) + ")";
        evaluate(find + ".scrollIntoView({block: 'center'})");
        JsonObject box = evaluate("(() => { const b = " + find
                        + ".getBoundingClientRect(); return {x: b.x + b.width / 2, y: b.y + b.height / 2}; })()")
                .getAsJsonObject();
        for (String type : List.of("mousePressed", "mouseReleased")) {
            call(
                    "Input.dispatchMouseEvent",
                    Map.of(
                            "type",
                            type,
                            "x",
                            box.get("x").getAsDouble(),
                            "y",
                            box.get("y").getAsDouble(),
                            "button",
                            "left",
                            "clickCount",
                            1));
        }
    }

    /**
     * Presses and releases a key.
     *
     * @param key its name, for example {@code ArrowDown}
     */
    public void press(String key) {
        Map<String, Object> down = Map.of("type", "keyDown", "key", key, "code", key);
        call(
                "Input.dispatchKeyEvent",
                key.equals("Enter")
                        ? Map.of("type", "keyDown", "key", key, "code", key, "windowsVirtualKeyCode", 13, "text", "\r")
                        : down);
        call("Input.dispatchKeyEvent", Map.of("type", "keyUp", "key", key, "code", key));
    }

    /**
     * Chooses an entry of a list as a reader does, with the event that follows.
     *
     * @param id of the select element
     * @param value of the entry
     */
    public void choose(String id, String value) {
        evaluate("(() => { const s = document.getElementById(" + quoted(id) + "); s.value = " + quoted(value)
                + "; s.dispatchEvent(new Event('change')); })()");
    }

    /**
     * Takes a picture of the whole page.
     *
     * @param file a PNG file
     * @throws IOException if it cannot be written
     */
    public void screenshot(Path file) throws IOException {
        JsonObject result = call("Page.captureScreenshot", Map.of("captureBeyondViewport", true));
        Files.write(file, Base64.getDecoder().decode(result.get("data").getAsString()));
    }

    /**
     * Returns what the page complained of.
     *
     * @return errors and warnings of console and network so far
     */
    public List<String> complaints() {
        return List.copyOf(complaints);
    }

    /**
     * Returns what the browser asked for.
     *
     * @return addresses, those of pictures inside the page left out
     */
    public List<String> requests() {
        return List.copyOf(requests);
    }

    private static String quoted(String text) {
        return new JsonPrimitive(text).toString();
    }

    @Override
    public void close() throws IOException {
        socket.abort();
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        List<Path> files = new ArrayList<>();
        try (Stream<Path> left = Files.walk(profile)) {
            left.sorted(Comparator.reverseOrder()).forEach(files::add);
        } catch (UncheckedIOException e) {
            // Helpers of the browser may still remove their own files.
            return;
        }
        for (Path file : files) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                // The same; the folder lies in the temporary folder.
                return;
            }
        }
    }
}
