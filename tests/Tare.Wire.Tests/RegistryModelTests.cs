using System.Text;

namespace Tare.Wire.Tests;

/// <summary>Credentials in headers, and bars of progress.</summary>
public sealed class RegistryModelTests
{
    /// <summary>What docker 28.5 sends: base64url with padding.</summary>
    [Theory]
    [InlineData("{}", "e30=")]
    [InlineData("""{"username":"tester","password":"?>~\u00ff"}""", null)]
    [InlineData("""{"username":"u","password":"p","serveraddress":"https://index.docker.io/v1/","identitytoken":"t"}""", null)]
    public void Credentials_travel_in_a_header(string json, string? header)
    {
        var sent = Convert.ToBase64String(Encoding.UTF8.GetBytes(json)).Replace('+', '-').Replace('/', '_');
        if (header is not null) Assert.Equal(header, sent);
        var credentials = AuthConfig.Decode(sent);
        Assert.Equal(credentials, AuthConfig.Decode(credentials.Encode()));
        Assert.Equal(credentials, AuthConfig.Decode(sent.TrimEnd('=')));
        if (json.Contains("tester", StringComparison.Ordinal)) Assert.Equal(("tester", "?>~\u00ff"), (credentials.Username, credentials.Password));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("e30")]
    [InlineData("*")]
    [InlineData("bm8gSlNPTg==")]
    [InlineData("bnVsbA==")]
    public void A_header_without_credentials_is_nobody(string? header) => Assert.Equal(new AuthConfig(), AuthConfig.Decode(header));

    [Fact]
    public void Secrets_are_not_for_logs()
    {
        var text = new AuthConfig { Username = "u", Password = "secret", IdentityToken = "secret", RegistryToken = "secret", Auth = "secret", ServerAddress = "h" }.ToString();
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
    }

    /// <summary>What Docker's package jsonmessage writes.</summary>
    [Theory]
    [InlineData(0, 0, null, "")]
    [InlineData(1, 0, null, "      1B")]
    [InlineData(20, 100, null, "[==========>                                        ]      20B/100B")]
    [InlineData(50, 100, null, "[=========================>                         ]      50B/100B")]
    [InlineData(58, 100, null, "[============================>                      ]      58B/100B")]
    [InlineData(100, 100, null, "[==================================================>]     100B/100B")]
    [InlineData(999_960, 999_960, null, "[==================================================>]   1000kB/1000kB")]
    [InlineData(12_300_000, 45_600_000, null, "[=============>                                     ]   12.3MB/45.6MB")]
    [InlineData(50, 40, null, "[==================================================>]      50B")]
    [InlineData(-5, 700, null, "[>                                                  ]      -5B/700B")]
    [InlineData(3, 7, "s", "[=====================>                             ] 3/7 s")]
    [InlineData(9, 7, "s", "[==================================================>] 9 s")]
    [InlineData(5, 0, "layers", "5 layers")]
    public void Bars(long current, long total, string? units, string expected)
        => Assert.Equal(expected, ProgressBar.Format(new ProgressDetail { Current = current, Total = total, Units = units }));

    [Theory]
    [InlineData(110, "     50B/100B")]
    [InlineData(111, "[=========================>                         ]      50B/100B")]
    [InlineData(0, "     50B/100B")]
    public void A_narrow_terminal_has_no_bar(int width, string expected) => Assert.Equal(expected, ProgressBar.Format(new ProgressDetail { Current = 50, Total = 100 }, width));

    [Fact]
    public void Counts_can_be_hidden() => Assert.Equal("[=========================>                         ] ", ProgressBar.Format(new ProgressDetail { Current = 5, Total = 10, HideCounts = true }));
}
