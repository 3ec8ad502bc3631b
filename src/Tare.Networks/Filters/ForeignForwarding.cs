using Tare.Linux;
using Tare.Linux.Netlink.Tables;

namespace Tare.Networks.Filters;

/// <summary>A chain of somebody else's that lets nothing through to containers, and from them.</summary>
/// <param name="Chain">The chain; null: one of the kernel's old iptables, which cannot be seen by nf_tables.</param>
/// <param name="Sentence">What is wrong, where, and what helps.</param>
public sealed record ForwardingObstacle(NftChain? Chain, string Sentence);

/// <summary>
/// Somebody else's packet filter (ufw, firewalld, a Docker engine beside this one) that drops what is forwarded. A verdict to accept is none for other
/// chains: one that drops is enough. For one thread at a time.
/// </summary>
/// <param name="tables">A socket of its own, in the namespace that is meant.</param>
/// <param name="own">The name of the engine's own table.</param>
public sealed class ForeignForwarding(NftNetlink tables, string own)
{
    private const string LegacyNames = "/proc/thread-self/net/ip_tables_names";

    /// <summary>What is in the way.</summary>
    /// <param name="devices">The bridges: a chain that begins with <see cref="Mend"/>'s rules for all of them is none.</param>
    /// <param name="network">The network namespace that the socket is of; null: this process's.</param>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public IReadOnlyList<ForwardingObstacle> Find(IReadOnlyCollection<string> devices, Fd? network = null)
    {
        var obstacles = new List<ForwardingObstacle>();
        foreach (var (chain, hook, rules) in Chains())
        {
            if (Drops(hook, rules) && !IsMended(rules, devices)) obstacles.Add(new ForwardingObstacle(chain, Describe(chain, hook)));
        }
        if (IsLegacyUsed(network))
        {
            obstacles.Add(new ForwardingObstacle(null,
                "the kernel's old iptables is in use beside nf_tables, and whether its FORWARD chain drops what containers send cannot be seen from here: "
                + "where they reach nothing, run \"iptables-legacy -I FORWARD -i BRIDGE -j ACCEPT\" and the same with -o"));
        }
        return obstacles;
    }

    /// <summary>
    /// Puts two rules for each bridge (what comes from it and what goes to it is accepted) before all others of somebody else's chain, in the form that
    /// iptables-nft itself has, with a remark that names their owner; rules for other bridges that an earlier call has put there go. What the
    /// engine's own table drops stays dropped.
    /// </summary>
    /// <exception cref="LinuxException">The kernel refuses, such as EPERM for a table that belongs to a socket (firewalld's, where it is so).</exception>
    public void Mend(NftChain chain, IReadOnlyCollection<string> devices)
    {
        var batch = new NftBatch();
        var known = OwnRules(chain);
        foreach (var rule in known.Where(rule => !devices.Any(device => rule.Comment == RemarkOf(device)))) batch.RemoveRule(chain, rule.Handle);
        foreach (var device in devices)
        {
            if (known.Count(rule => rule.Comment == RemarkOf(device)) == 2) continue;
            foreach (var rule in known.Where(rule => rule.Comment == RemarkOf(device))) batch.RemoveRule(chain, rule.Handle);
            batch.Insert(new NftRule(chain, new NftRuleBuilder(chain.Table.Family).From(device).Count().Then(NftVerdict.Accept).Expressions) { Comment = RemarkOf(device) });
            batch.Insert(new NftRule(chain, new NftRuleBuilder(chain.Table.Family).To(device).Count().Then(NftVerdict.Accept).Expressions) { Comment = RemarkOf(device) });
        }
        tables.Commit(batch);
    }

    /// <summary><see cref="Mend"/> for every chain of somebody else's that drops, and <see cref="Withdraw"/> for every one that does not, or no more.</summary>
    /// <param name="devices">The bridges; without any, nothing of the engine's stays in others' chains.</param>
    /// <returns>What could not be mended, each with the kernel's reason.</returns>
    /// <exception cref="LinuxException">The kernel refuses to tell what there is.</exception>
    public IReadOnlyList<LinuxException> MendAll(IReadOnlyCollection<string> devices)
    {
        var refused = new List<LinuxException>();
        foreach (var (chain, hook, rules) in Chains())
        {
            var wanted = Drops(hook, rules) ? devices : [];
            if (wanted.Count == 0 && !rules.Any(IsOwn)) continue;
            try
            {
                Mend(chain, wanted);
            }
            catch (LinuxException e) when (e.Error == Errno.ENOENT)
            {
                // Its owner has removed it meanwhile.
            }
            catch (LinuxException e)
            {
                refused.Add(e);
            }
        }
        return refused;
    }

    /// <summary>Takes all rules out again that <see cref="Mend"/> has put into a chain; nothing happens when there are none, or the chain is gone.</summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public void Withdraw(NftChain chain)
    {
        var batch = new NftBatch();
        foreach (var rule in OwnRules(chain)) batch.RemoveRule(chain, rule.Handle);
        try
        {
            tables.Commit(batch);
        }
        catch (LinuxException e) when (e.Error == Errno.ENOENT)
        {
            // Its owner has removed them meanwhile.
        }
    }

    private IEnumerable<(NftChain Chain, NftBase Hook, NftRuleInfo[] Rules)> Chains()
    {
        foreach (var family in (NftFamily[])[NftFamily.Inet, NftFamily.IPv4, NftFamily.IPv6])
        {
            foreach (var chain in tables.Chains(family))
            {
                if (chain is { Base: { Hook: NftHook.Forward, Type: NftChainType.Filter } hook } && (chain.Table.Name != own || family != NftFamily.Inet))
                    yield return (chain, hook, [.. tables.Rules(chain.Table).Where(rule => rule.Chain == chain.Name)]);
            }
        }
    }

    private static bool Drops(NftBase hook, NftRuleInfo[] rules) => (EndOf(rules) ?? hook.Policy) == NftPolicy.Drop;

    /// <summary>What the first rule without any condition says of all that come so far; null: there is none, and the policy decides.</summary>
    private static NftPolicy? EndOf(IEnumerable<NftRuleInfo> rules)
    {
        foreach (var rule in rules)
        {
            if (!rule.ExpressionNames.All(static name => name is "counter" or "log" or "immediate" or "reject")) continue;
            if (rule.ExpressionNames.Contains("reject") || rule.Verdict == NftVerdict.Drop) return NftPolicy.Drop;
            if (rule.Verdict == NftVerdict.Accept) return NftPolicy.Accept;
        }
        return null;
    }

    private bool IsMended(NftRuleInfo[] rules, IReadOnlyCollection<string> devices) =>
        devices.Count > 0 && devices.All(device => rules.Take(devices.Count * 2).Count(rule => rule.Comment == RemarkOf(device)) == 2);

    private string RemarkOf(string device) => $"{own}: {device}";

    private NftRuleInfo[] OwnRules(NftChain chain) =>
        [.. tables.Rules(chain.Table).Where(rule => rule.Chain == chain.Name && IsOwn(rule))];

    private bool IsOwn(NftRuleInfo rule) => rule.Comment?.StartsWith(own + ": ", StringComparison.Ordinal) == true;

    private static string Describe(NftChain chain, NftBase hook)
    {
        var reason = hook.Policy == NftPolicy.Drop ? "has the policy drop" : "ends with a rule that refuses everything";
        var remedy = chain switch
        {
            { Table: { Name: "firewalld" } } => "put the bridges into a zone that lets them through: \"firewall-cmd --permanent --zone=trusted --add-interface=BRIDGE\" and \"firewall-cmd --reload\"",
            { Table: { Name: "filter", Family: NftFamily.IPv4 }, Name: "FORWARD" } => "run \"iptables -I FORWARD -i BRIDGE -j ACCEPT\" and \"iptables -I FORWARD -o BRIDGE -j ACCEPT\", or set DEFAULT_FORWARD_POLICY to ACCEPT in /etc/default/ufw where it is ufw's",
            { Table: { Name: "filter", Family: NftFamily.IPv6 }, Name: "FORWARD" } => "run \"ip6tables -I FORWARD -i BRIDGE -j ACCEPT\" and \"ip6tables -I FORWARD -o BRIDGE -j ACCEPT\"",
            _ => $"run \"nft insert rule {chain.Table} {chain.Name} iifname BRIDGE accept\" and the same with oifname",
        };
        return $"the chain {chain.Name} of the table {chain.Table}, which is not this engine's, {reason}: containers of bridge networks reach nothing outside, and nobody their published ports; {remedy}";
    }

    private static bool IsLegacyUsed(Fd? network)
    {
        try
        {
            return (network is null ? File.ReadAllText(LegacyNames) : Namespaces.InNetwork(network, () => File.ReadAllText(LegacyNames))).Split('\n').Contains("filter");
        }
        catch (IOException)
        {
            return false;
        }
    }
}
