"""What the layers of a study's map are called, in each language."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from spatial_coagg.report.map_words import Language


@dataclass(frozen=True, slots=True)
class AtlasWords:
    """Titles, headings and notes of the layers.

    Attributes
    ----------
    industries, clusters : mapping
        Names that are told otherwise than they are written in the data.
    """

    synergy: str
    synergy_of: str
    synergy_note: str
    sector_note: str
    quotients: str
    quotient_of: str
    quotient_note: str
    outcome: str
    outcome_of: str
    local: str
    local_title: str
    local_note: str
    effects: str
    received: str
    received_note: str
    given: str
    given_note: str
    theta: str
    theta_of: str
    plus_one: str
    clusters: Mapping[str, str]
    industries: Mapping[str, str] = field(default_factory=dict)

    def industry(self, name: str) -> str:
        """Return the name of an industry or group as it is told."""
        return self.industries.get(name, name)


ATLAS_WORDS: Mapping[Language, AtlasWords] = {
    "en": AtlasWords(
        synergy="Synergy",
        synergy_of="Synergy θ: {name}",
        synergy_note="Producer services with manufacturing; higher means both are "
        "strong here and equally so.",
        sector_note="Manufacturing with {name} services only.",
        quotients="Location quotients",
        quotient_of="Location quotient: {name}",
        quotient_note="1 is the average of the totals used.",
        outcome="Outcome",
        outcome_of="Outcome: {name}",
        local="Clusters",
        local_title="Clusters of synergy (LISA)",
        local_note="Local Moran, {permutations:,} permutations, two-sided, level "
        "{alpha:g}, cut-off {fdr}: θ here and of the neighbours.",
        effects="Spillovers",
        received="Effect received from others",
        received_note="Change of {outcome} here that is associated with {driver} one "
        "higher in every other city.",
        given="Effect given to others",
        given_note="Changes of {outcome} in all other cities, summed, that are "
        "associated with {driver} one higher here.",
        theta="θ",
        theta_of="θ ({name})",
        plus_one="1 + {name}",
        clusters={
            "HH": "High among high (HH)",
            "LL": "Low among low (LL)",
            "HL": "High among low (HL)",
            "LH": "Low among high (LH)",
            "not significant": "Not significant",
            "no neighbours": "No neighbours",
        },
        industries={"high": "high-end", "low": "low-end"},
    ),
    "zh": AtlasWords(
        synergy="产业协同",
        synergy_of="协同度 θ：{name}",
        synergy_note="生产性服务业与制造业；数值越高，表示两者在该市都强且均衡。",
        sector_note="仅制造业与{name}业。",
        quotients="区位商",
        quotient_of="区位商：{name}",
        quotient_note="1 为所用总量的平均水平。",
        outcome="结果变量",
        outcome_of="结果变量：{name}",
        local="空间集聚",
        local_title="协同度的集聚类型（LISA）",
        local_note="局部莫兰指数，{permutations:,} 次置换，双侧，水平 {alpha:g}，"
        "校正 {fdr}：本市与邻市的 θ。",
        effects="溢出效应",
        received="来自其他城市的效应",
        received_note="其他各市 {driver} 均高出 1 时，本市 {outcome} 的相关变化。",
        given="对其他城市的效应",
        given_note="本市 {driver} 高出 1 时，其他各市 {outcome} 相关变化之和。",
        theta="θ",
        theta_of="θ（{name}）",
        plus_one="1 + {name}",
        clusters={
            "HH": "高—高（HH）",
            "LL": "低—低（LL）",
            "HL": "高—低（HL）",
            "LH": "低—高（LH）",
            "not significant": "不显著",
            "no neighbours": "无邻市",
        },
        industries={
            "manufacturing": "制造业",
            "services": "生产性服务业",
            "transport": "交通运输",
            "information": "信息",
            "technology": "科技",
            "leasing": "租赁和商务",
            "finance": "金融",
            "high": "高端服务",
            "low": "低端服务",
        },
    ),
}
