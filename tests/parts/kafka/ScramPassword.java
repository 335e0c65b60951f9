import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;

/** Gives a user another password for SCRAM-SHA-512. Arguments: bootstrap, user, password. */
public class ScramPassword {
    public static void main(String[] arguments) throws Exception {
        var info = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096);
        var change = new UserScramCredentialUpsertion(arguments[1], info, arguments[2]);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", arguments[0]))) {
            admin.alterUserScramCredentials(List.of(change)).all().get();
        }
    }
}
