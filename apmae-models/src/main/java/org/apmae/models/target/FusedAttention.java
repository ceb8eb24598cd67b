package org.apmae.models.target;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.apmae.core.model.ModelShape;
import org.apmae.models.runtime.ScriptModule;

/** Causal attention in one native call that keeps no pattern, for runs in which nobody looks at one. */
final class FusedAttention {
    private static final String TURN = """
                turned%1$s = torch.cat([torch.neg(torch.narrow(%1$s, 3, %2$d, %2$d)), torch.narrow(%1$s, 3, 0, %2$d)], 3)
                %1$s = torch.add(torch.mul(%1$s, cos%1$s), torch.mul(turned%1$s, sin%1$s))
            """;

    private final ScriptModule plain;
    private final ScriptModule masked;
    private final ScriptModule rotated;
    private final ScriptModule rotatedMasked;

    FusedAttention(NDManager manager, ModelShape shape) {
        plain = compile(manager, shape, false, false);
        masked = compile(manager, shape, false, true);
        rotated = compile(manager, shape, true, false);
        rotatedMasked = compile(manager, shape, true, true);
    }

    private static ScriptModule compile(NDManager manager, ModelShape shape, boolean rotate, boolean mask) {
        int width = shape.headWidth();
        int groups = shape.keyValueHeads();
        int each = shape.heads() / groups;
        StringBuilder body = new StringBuilder();
        body.append(split("q", shape.heads(), width)).append(split("k", groups, width));
        body.append(split("v", groups, width));
        if (rotate) {
            body.append(TURN.formatted("q", width / 2)).append(TURN.formatted("k", width / 2));
        }
        body.append("    q = torch.transpose(q, 1, 2)\n").append(wide("k", groups, each, width));
        body.append(wide("v", groups, each, width));
        body.append("    z = torch.scaled_dot_product_attention(q, k, v, ")
                .append(mask ? "mask, 0., False)\n" : "None, 0., True)\n")
                .append("    return torch.contiguous(torch.transpose(z, 1, 2))\n");
        return ScriptModule.compile(
                manager,
                "q: Tensor, k: Tensor, v: Tensor"
                        + (rotate ? ", cosq: Tensor, sinq: Tensor, cosk: Tensor, sink: Tensor" : "")
                        + (mask ? ", mask: Tensor" : ""),
                body.toString());
    }

    private static String split(String name, int heads, int width) {
        return "    %1$s = torch.reshape(%1$s, [torch.size(%1$s, 0), torch.size(%1$s, 1), %2$d, %3$d])\n"
                .formatted(name, heads, width);
    }

    /** (B, S, K, D) becomes (B, H, S, D): query heads of a group share its keys and values. */
    private static String wide(String name, int groups, int each, int width) {
        return """
                %1$s = torch.unsqueeze(torch.transpose(%1$s, 1, 2), 2)
                %1$s = torch.expand(%1$s, [-1, -1, %3$d, -1, -1])
                %1$s = torch.reshape(%1$s, [torch.size(%1$s, 0), %2$d, torch.size(%1$s, 3), %4$d])
            """.formatted(name, groups * each, each, width);
    }

    /**
     * Runs all positions.
     *
     * @param q shape (B, S, H D)
     * @param k shape (B, S, K D)
     * @param v shape (B, S, K D)
     * @param rotary cosines and sines of shape (S, 1, D), or null
     * @param mask shape (S, S), added to the scores, or null for plain causality
     * @return shape (B, S, H, D)
     */
    NDArray all(NDManager owner, NDArray q, NDArray k, NDArray v, NDArray[] rotary, NDArray mask) {
        if (rotary == null) {
            return mask == null ? plain.call(owner, q, k, v) : masked.call(owner, q, k, v, mask);
        }
        return mask == null
                ? rotated.call(owner, q, k, v, rotary[0], rotary[1], rotary[0], rotary[1])
                : rotatedMasked.call(owner, q, k, v, rotary[0], rotary[1], rotary[0], rotary[1], mask);
    }

    /**
     * Runs one query of each prompt.
     *
     * @param q shape (B, 1, H D)
     * @param k shape (B, S, K D)
     * @param v shape (B, S, K D)
     * @param rotary cosines and sines of the keys, of shape (S, 1, D), or null
     * @param cos cosines of the queries, of shape (B, 1, 1, D), or null
     * @param sin sines of the queries, or null
     * @param mask shape (B, 1, 1, S), added to the scores
     * @return shape (B, 1, H, D)
     */
    NDArray last(
            NDManager owner,
            NDArray q,
            NDArray k,
            NDArray v,
            NDArray[] rotary,
            NDArray cos,
            NDArray sin,
            NDArray mask) {
        return rotary == null
                ? masked.call(owner, q, k, v, mask)
                : rotatedMasked.call(owner, q, k, v, cos, sin, rotary[0], rotary[1], mask);
    }
}
