namespace Tare.EndToEnd.Harness.Registry;

/// <summary>Users and rules of the cases that ask who somebody is.</summary>
internal static class Users
{
    public const string Alice = "alice:secret of alice";
    public const string Bob = "bob:secret-of-bob";

    /// <summary>alice may push to public/ and team/ and delete in team/, bob may read team/; all may read public/.</summary>
    public const string Rules = """
        {
          // comments are allowed
          "groups": { "dev": ["alice"] },
          "rules": [
            { "repository": "public/*", "public": true, "write": ["@dev"] },
            { "repository": "team/*", "read": ["*"], "write": ["@dev"], "delete": ["alice"] }
          ],
          "quotas": [{ "repository": "team/small*", "size": "300k" }]
        }
        """;

    /// <summary>Writes users and rules by the command that an operator uses, and returns the server's options.</summary>
    public static IReadOnlyList<string> Prepare(string folder, string scheme)
    {
        string htpasswd = Path.Combine(folder, "htpasswd");
        foreach (string user in new[] { Alice, Bob })
        {
            string[] parts = user.Split(':');
            Running.RunAsync(Setup.Tare, ["registry", "user", "add", parts[0], "--htpasswd", htpasswd], System.Text.Encoding.UTF8.GetBytes(parts[1] + "\n")).GetAwaiter().GetResult().Ok();
        }

        string config = Path.Combine(folder, "config.json");
        File.WriteAllText(config, Rules);
        return ["--htpasswd", htpasswd, "--config", config, "--auth", scheme];
    }
}
