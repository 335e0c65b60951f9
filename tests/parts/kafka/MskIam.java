import java.io.FileReader;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.auth.SaslExtensionsCallback;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerExtensionsValidatorCallback;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerTokenCallback;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

/**
 * The broker's side of MSK's IAM: a token is a presigned kafka-cluster:Connect request in base64url. Its signature is
 * computed anew from the secret that belongs to the access key, as AWS's documentation of Signature Version 4 says.
 *
 * Options of the login module: "region", and "credentials", a file of KEY=secret and KEY.token=session token.
 */
public class MskIam implements AuthenticateCallbackHandler {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'");
    private final Properties secrets = new Properties();
    private String region;

    @Override
    public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> jaas) {
        Map<String, ?> options = jaas.get(0).getOptions();
        region = (String) options.get("region");
        try (Reader file = new FileReader((String) options.get("credentials"))) {
            secrets.load(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {}

    @Override
    public void handle(Callback[] callbacks) throws UnsupportedCallbackException {
        for (Callback callback : callbacks) {
            if (callback instanceof OAuthBearerTokenCallback own) {
                own.token(null); // The broker itself logs in nowhere.
            } else if (callback instanceof OAuthBearerValidatorCallback asked) {
                try {
                    asked.token(validated(asked.tokenValue()));
                } catch (Exception e) {
                    System.err.println("IAM denied: " + e.getMessage());
                    asked.error("access denied: " + e.getMessage(), null, null);
                }
            } else if (callback instanceof OAuthBearerExtensionsValidatorCallback extensions) {
                extensions.inputExtensions().map().keySet().forEach(extensions::valid);
            } else if (!(callback instanceof SaslExtensionsCallback)) {
                throw new UnsupportedCallbackException(callback);
            }
        }
    }

    private OAuthBearerToken validated(String token) throws Exception {
        URI url = new URI(new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8));
        String host = "kafka." + region + ".amazonaws.com";
        check("https".equals(url.getScheme()) && host.equals(url.getHost()) && url.getPort() == -1, "not for " + host);
        check(url.getPath().isEmpty() || url.getPath().equals("/"), "a path");
        TreeMap<String, String> query = query(url.getRawQuery());
        String signature = required(query, "X-Amz-Signature");
        query.remove("X-Amz-Signature");
        query.remove("User-Agent"); // AWS's signers add it behind the signature.
        check(required(query, "Action").equals("kafka-cluster:Connect"), "another action");
        check(required(query, "X-Amz-Algorithm").equals("AWS4-HMAC-SHA256"), "another algorithm");
        check(required(query, "X-Amz-SignedHeaders").equals("host"), "other signed headers");

        String date = required(query, "X-Amz-Date");
        String[] scope = required(query, "X-Amz-Credential").split("/");
        check(scope.length == 5 && scope[1].equals(date.substring(0, 8)) && scope[2].equals(region)
            && scope[3].equals("kafka-cluster") && scope[4].equals("aws4_request"), "signed for another scope");
        String secret = secrets.getProperty(scope[0]);
        check(secret != null, "the access key is unknown");
        check(Objects.equals(secrets.getProperty(scope[0] + ".token"), query.get("X-Amz-Security-Token")),
            "the session token is another");
        long start = LocalDateTime.parse(date, TIME).toInstant(ZoneOffset.UTC).toEpochMilli();
        long expires = start + 1000L * seconds(required(query, "X-Amz-Expires"));
        long now = System.currentTimeMillis();
        check(start <= now + 300_000 && now < expires, "it is expired or of the future");
        check(MessageDigest.isEqual(signed(query, host, date, scope, secret).getBytes(), signature.getBytes()),
            "the signature does not match");

        System.err.println("IAM accepted " + scope[0] + " " + date + " for " + (expires - start) / 1000 + " s");
        return new Accepted(token, scope[0], start, expires);
    }

    private static String signed(TreeMap<String, String> query, String host, String date, String[] scope, String secret)
        throws Exception {
        String canonicalQuery = query.entrySet().stream()
            .map(entry -> encoded(entry.getKey()) + "=" + encoded(entry.getValue()))
            .collect(Collectors.joining("&"));
        String canonical = "GET\n/\n" + canonicalQuery + "\nhost:" + host + "\n\nhost\n" + hex(sha256(""));
        String toSign = "AWS4-HMAC-SHA256\n" + date + "\n"
            + String.join("/", Arrays.copyOfRange(scope, 1, 5)) + "\n" + hex(sha256(canonical));
        byte[] key = ("AWS4" + secret).getBytes(StandardCharsets.UTF_8);
        for (int part = 1; part < 5; part++) {
            key = hmac(key, scope[part]);
        }
        return hex(hmac(key, toSign));
    }

    private static TreeMap<String, String> query(String raw) {
        TreeMap<String, String> query = new TreeMap<>();
        for (String pair : raw.split("&")) {
            int equals = pair.indexOf('=');
            check(equals > 0, "no query");
            check(query.put(decoded(pair.substring(0, equals)), decoded(pair.substring(equals + 1))) == null, "twice");
        }
        return query;
    }

    private static int seconds(String text) {
        int seconds = Integer.parseInt(text);
        check(seconds > 0 && seconds <= 900, "it is valid for too long");
        return seconds;
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    private static String required(Map<String, String> query, String name) {
        check(query.containsKey(name), "no " + name);
        return query.get(name);
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
            .replace("+", "%20").replace("*", "%2A").replace("%7E", "~");
    }

    private static byte[] sha256(String text) throws Exception {
        return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] hmac(byte[] key, String text) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private record Accepted(String value, String principalName, long start, long lifetimeMs) implements OAuthBearerToken {
        @Override
        public Set<String> scope() {
            return Set.of();
        }

        @Override
        public Long startTimeMs() {
            return start;
        }
    }
}
